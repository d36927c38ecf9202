// Part of Tillbridge. See LICENSE.
import GRDB

/// Users and roles as pages show them.
enum PeopleView {
    static func grant(_ grant: Grant, _ call: Call) -> [String: Any] {
        ["role": Role.title(grant.role, call.words), "place": grant.placeName, "placeCode": grant.placeCode]
    }

    /// A row of the list, and the head of a user's page. Roles at places that the viewer does not see are only counted.
    static func person(_ person: Person, _ call: Call) throws -> [String: Any] {
        let viewer = try call.viewer
        let scope = viewer.scope(of: .viewPeople)
        let seen = person.grants.filter { scope.covers($0.path) }
        var model: [String: Any] = [
            "id": person.id,
            "name": person.name,
            "fullName": person.fullName,
            "grants": seen.map { grant($0, call) },
            "lastSignIn": person.lastSignIn.map { call.formats.moment($0) } ?? call.text(Phrase("people.never")),
            "secondFactor": call.text(person.hasSecondFactor ? Phrase("people.on") : Phrase("people.off")),
            "hasSecondFactor": person.hasSecondFactor,
            "isDemo": person.isDemo,
            "isDisabled": person.isDisabled,
            "isLocked": person.isLocked(at: call.now),
            "passwordIsGiven": person.passwordIsGiven,
            "isSelf": person.id == viewer.id,
            "state": state(person, call),
        ]
        if seen.count < person.grants.count {
            model["elsewhere"] = call.text(
                Phrase("people.elsewhere", call.formats.count(person.grants.count - seen.count))
            )
        }
        return model
    }

    private static func state(_ person: Person, _ call: Call) -> [String: Any] {
        let (state, style, icon) =
            if person.isDisabled {
                ("disabled", "grey-solid", "cross")
            } else if person.isLocked(at: call.now) {
                ("locked", "red-line", "alert")
            } else {
                ("active", "green", "check")
            }
        return ["style": style, "icon": icon, "name": call.text(Phrase(family: "personState", state))]
    }
}

/// What the form about a user holds: read from what was typed, or from what is stored.
struct PersonForm: Equatable {
    private static let mostRoles = 20

    let fullName: String
    let wanted: [PeopleDesk.Wanted]

    init(_ person: Person) {
        fullName = person.fullName
        wanted = person.grants.map { PeopleDesk.Wanted(role: $0.role, place: $0.placeCode) }
    }

    /// Rows without a role are rows that are taken away.
    init(_ form: Form) {
        fullName = form["fullName"]
        wanted = (0..<PersonForm.mostRoles).compactMap { index in
            let role = form["role-\(index)"]
            return role.isEmpty ? nil : PeopleDesk.Wanted(role: role, place: form["place-\(index)"])
        }
    }

    func nameField() -> Field {
        Field(name: "fullName", label: Phrase("people.fullName"), value: fullName, isRequired: true)
    }

    /// A pair of fields for each role, and two more to fill in.
    func pairs(_ roles: [Role], _ places: [Node], _ problems: Problems, _ call: Call) -> [[String: Any]] {
        let roleOptions =
            [(value: "", label: call.text(Phrase("people.noRoleChosen")))]
            + roles.map { (value: $0.name, label: Role.title($0.name, call.words)) }
        return (0..<min(wanted.count + 2, PersonForm.mostRoles)).map { index in
            let wish = index < wanted.count ? wanted[index] : nil
            var placeOptions = places.map { (value: $0.code, label: "\($0.name) (\($0.code))") }
            // A place outside the viewer's part stays what it is.
            if let place = wish?.place, !places.contains(where: { $0.code == place }) {
                placeOptions.append((place, place))
            }
            return [
                "role": Field(
                    name: "role-\(index)",
                    label: Phrase("people.roleNumber", "\(index + 1)"),
                    kind: .choice,
                    value: wish?.role ?? "",
                    options: roleOptions
                ).model(call.words, problems),
                "place": Field(
                    name: "place-\(index)",
                    label: Phrase("people.placeNumber", "\(index + 1)"),
                    kind: .choice,
                    value: wish?.place ?? "",
                    options: placeOptions
                ).model(call.words, problems),
            ]
        }
    }

    /// What differs between the stored row and what was typed, for a page whose row was changed in between.
    func differences(from stored: PersonForm, _ call: Call) -> [[String: Any]] {
        func text(_ form: PersonForm) -> String {
            form.wanted.map { "\(Role.title($0.role, call.words)) @ \($0.place)" }.sorted().joined(separator: ", ")
        }
        var rows: [(label: Phrase, theirs: String, yours: String)] = []
        if stored.fullName != fullName { rows.append((Phrase("people.fullName"), stored.fullName, fullName)) }
        if text(stored) != text(self) { rows.append((Phrase("people.roles"), text(stored), text(self))) }
        return rows.map { ["label": call.text($0.label), "theirs": $0.theirs, "yours": $0.yours] }
    }
}
