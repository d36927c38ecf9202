// Part of Tillbridge. See LICENSE.
