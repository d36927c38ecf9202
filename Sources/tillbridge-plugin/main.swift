// Part of Tillbridge. See LICENSE.
import TillPlugin

PluginCommand.main()
