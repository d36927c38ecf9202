// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillReference

/// Each step of a machine, held against the second statement of its table. Which row was taken is not asked.
extension Simulation {
    mutating func judgeSteps(of register: Int) {
        guard options.judgesSteps, let steps = lanes[register].steps, !steps.isEmpty else { return }
        lanes[register].steps = []
        for step in steps {
            guard let difference = LaneReference.difference(from: step) else { continue }
            violation(.step, step.intent.flatMap { numbers.place(of: $0.orderNumber.bytes) }, difference)
        }
    }

    mutating func judgeStep(
        from before: CloudPayment,
        to after: CloudPayment,
        _ event: CloudEvent,
        _ effects: [CloudEffect],
        _ cloud: Int,
        _ place: Int,
        _ context: CloudContext
    ) {
        let reference = CloudReference(before, event, at: cloudTime(cloud), context)
        guard let difference = reference.difference(from: after, effects) else { return }
        violation(.step, place, "\(event.kind) at \(clouds[cloud].name) in \(before.state): \(difference)")
    }
}
