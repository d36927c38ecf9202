// Part of Tillbridge. See LICENSE.

/// The tables of a console. What concerns money is a copy of the clouds' logs and can be built again from them;
/// people, organisation, launches and the audit log have their home here.
enum Schema {
    /// Written into the file as `application_id`: "TBIM".
    static let applicationID: Int64 = 0x5442_494D
    /// Written into the file as `user_version`. A file of another version is refused, never converted in place.
    static let version: Int64 = 4

    static let statements = people + organisation + feed + refunds + launches + lists + system

    private static let people = """
        CREATE TABLE role (
            name TEXT PRIMARY KEY,
            -- Names of permissions with spaces between them.
            permissions TEXT NOT NULL,
            built_in INTEGER NOT NULL DEFAULT 0,
            version INTEGER NOT NULL DEFAULT 1
        ) STRICT;

        CREATE TABLE user (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE COLLATE NOCASE,
            full_name TEXT NOT NULL,
            password TEXT NOT NULL,
            -- Drawn by somebody else: to be changed at the first sign-in.
            password_is_given INTEGER NOT NULL DEFAULT 0,
            -- Sealed; null without a second factor.
            totp BLOB,
            totp_last_step INTEGER NOT NULL DEFAULT 0,
            second_factor_off INTEGER NOT NULL DEFAULT 0,
            is_demo INTEGER NOT NULL DEFAULT 0,
            failures INTEGER NOT NULL DEFAULT 0,
            locked_until INTEGER,
            disabled_at INTEGER,
            created_at INTEGER NOT NULL,
            last_sign_in INTEGER,
            version INTEGER NOT NULL DEFAULT 1
        ) STRICT;

        CREATE TABLE recovery_code (
            user INTEGER NOT NULL REFERENCES user (id),
            hash BLOB NOT NULL,
            used_at INTEGER,
            PRIMARY KEY (user, hash)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE user_role (
            user INTEGER NOT NULL REFERENCES user (id),
            role TEXT NOT NULL REFERENCES role (name),
            node INTEGER NOT NULL REFERENCES node (id),
            PRIMARY KEY (user, role, node)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE session (
            id INTEGER PRIMARY KEY,
            token BLOB NOT NULL UNIQUE,
            csrf TEXT NOT NULL,
            user INTEGER NOT NULL REFERENCES user (id),
            created_at INTEGER NOT NULL,
            seen_at INTEGER NOT NULL,
            -- Whether the second factor was given, where there is one.
            is_open INTEGER NOT NULL,
            -- When password or second factor were last given.
            proved_at INTEGER NOT NULL,
            address TEXT NOT NULL,
            agent TEXT NOT NULL,
            ended_at INTEGER
        ) STRICT;
        CREATE INDEX session_user ON session (user) WHERE ended_at IS NULL;

        CREATE TABLE audit (
            sequence INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL,
            subject TEXT NOT NULL,
            before TEXT NOT NULL,
            after TEXT NOT NULL,
            address TEXT NOT NULL,
            hash BLOB NOT NULL
        ) STRICT;
        CREATE INDEX audit_actor ON audit (actor, sequence);
        CREATE INDEX audit_subject ON audit (subject, sequence);
        CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
        CREATE TRIGGER audit_keeps BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

        -- Forms that were sent: a second copy gets the first one's answer.
        CREATE TABLE submission (
            token TEXT PRIMARY KEY,
            at INTEGER NOT NULL,
            location TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX submission_at ON submission (at);

        """

    private static let organisation = """
        CREATE TABLE node (
            id INTEGER PRIMARY KEY,
            parent INTEGER REFERENCES node (id),
            kind TEXT NOT NULL CHECK (kind IN ('group', 'region', 'city', 'store')),
            -- The clouds' 7 characters for a store; chosen by people for the others.
            code TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            -- The ids from the top down to this one: /1/4/17/.
            path TEXT NOT NULL UNIQUE,
            -- draft, testing, live, paused; stores alone.
            state TEXT CHECK (state IN ('draft', 'testing', 'live', 'paused')),
            -- Own values as JSON; what is missing is inherited.
            settings TEXT NOT NULL DEFAULT '{}',
            version INTEGER NOT NULL DEFAULT 1
        ) STRICT;
        CREATE INDEX node_parent ON node (parent, name);

        -- New stores that the clouds were asked for: written before they are asked, so that what a cloud has taken finds
        -- its place even if its answer never comes.
        CREATE TABLE awaited_store (
            id INTEGER PRIMARY KEY,
            -- Null where the cloud draws it.
            code TEXT,
            name TEXT NOT NULL,
            -- The region and the city below it are made where they are not there yet; empty for none.
            parent INTEGER NOT NULL REFERENCES node (id),
            region TEXT NOT NULL,
            city TEXT NOT NULL,
            actor TEXT NOT NULL,
            address TEXT NOT NULL,
            asked_at INTEGER NOT NULL,
            UNIQUE (parent, region, city, name)
        ) STRICT;
        CREATE INDEX awaited_store_code ON awaited_store (code, name);
        CREATE INDEX awaited_store_asked_at ON awaited_store (asked_at);

        -- The clouds' registers, as their logs tell.
        CREATE TABLE register (
            id TEXT PRIMARY KEY,
            store TEXT NOT NULL,
            name TEXT NOT NULL,
            -- new, active, disabled, revoked
            state TEXT NOT NULL,
            added_at INTEGER NOT NULL,
            activated_at INTEGER,
            last_contact INTEGER,
            program TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX register_store ON register (store);

        -- The clouds' payment accounts, without their credentials.
        CREATE TABLE account (
            id TEXT PRIMARY KEY,
            wallet TEXT NOT NULL,
            protocol TEXT NOT NULL,
            is_sandbox INTEGER NOT NULL,
            address TEXT NOT NULL,
            added_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        """

    private static let feed = """
        -- How far each cloud's log was read, and where: at the cloud itself, or as the copy that the other keeps.
        CREATE TABLE cursor (
            folder TEXT NOT NULL,
            cloud TEXT NOT NULL,
            is_copy INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            hash BLOB NOT NULL,
            read_at INTEGER NOT NULL,
            PRIMARY KEY (folder, cloud)
        ) STRICT, WITHOUT ROWID;

        -- The steps of payments and refunds, as the clouds wrote them.
        CREATE TABLE step (
            number TEXT NOT NULL,
            cloud TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            kind TEXT NOT NULL,
            time INTEGER NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (number, cloud, sequence)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE payment (
            number TEXT PRIMARY KEY,
            cloud TEXT NOT NULL,
            version INTEGER NOT NULL,
            store TEXT NOT NULL,
            register TEXT NOT NULL,
            ticket TEXT NOT NULL,
            wallet TEXT NOT NULL,
            wallet_number TEXT,
            amount INTEGER NOT NULL,
            refunded INTEGER NOT NULL,
            -- The display word, and the state of the cloud's machine behind it.
            state TEXT NOT NULL,
            raw_state TEXT NOT NULL,
            reason TEXT,
            created_at INTEGER NOT NULL,
            changed_at INTEGER NOT NULL,
            -- Since when it is a problem, of whatever kind; null while it is none.
            problem_since INTEGER,
            -- Milliseconds from the intent to the first certain result.
            result_after INTEGER,
            -- The last four digits of the payment code, where the cloud keeps them.
            code_end TEXT,
            -- The change that was applied last: what live lists ask for.
            change INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX payment_created ON payment (created_at, number);
        CREATE INDEX payment_store ON payment (store, created_at, number);
        CREATE INDEX payment_register ON payment (register, created_at, number);
        CREATE INDEX payment_state ON payment (state, created_at, number);
        CREATE INDEX payment_wallet ON payment (wallet, created_at, number);
        CREATE INDEX payment_amount ON payment (amount, created_at, number);
        CREATE INDEX payment_ticket ON payment (ticket);
        CREATE INDEX payment_wallet_number ON payment (wallet_number) WHERE wallet_number IS NOT NULL;
        CREATE INDEX payment_code_end ON payment (code_end, created_at, number) WHERE code_end IS NOT NULL;
        CREATE INDEX payment_change ON payment (change);
        CREATE INDEX payment_problem ON payment (problem_since, number) WHERE problem_since IS NOT NULL;

        -- What the register told of a sale beside its intent: the basket's lines as JSON. Payments without have no row.
        CREATE TABLE sale (
            number TEXT PRIMARY KEY,
            items TEXT NOT NULL,
            code_end TEXT
        ) STRICT;

        -- Payments by hour since 1970 and how they ended; see Tally.
        CREATE TABLE tally (
            hour INTEGER NOT NULL,
            store TEXT NOT NULL,
            wallet TEXT NOT NULL,
            state TEXT NOT NULL,
            reason TEXT NOT NULL,
            count INTEGER NOT NULL,
            amount INTEGER NOT NULL,
            PRIMARY KEY (hour, store, wallet, state, reason)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE tally_time (
            hour INTEGER NOT NULL,
            store TEXT NOT NULL,
            class INTEGER NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (hour, store, class)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE refund (
            number TEXT NOT NULL,
            reference TEXT NOT NULL,
            amount INTEGER NOT NULL,
            reason TEXT NOT NULL,
            person TEXT NOT NULL,
            state TEXT NOT NULL,
            failure TEXT,
            created_at INTEGER NOT NULL,
            changed_at INTEGER NOT NULL,
            PRIMARY KEY (number, reference)
        ) STRICT, WITHOUT ROWID;
        """

    private static let refunds = """

        CREATE TABLE refund_request (
            id INTEGER PRIMARY KEY,
            number TEXT NOT NULL,
            store TEXT NOT NULL,
            -- Money of a confirmed payment, or the undo of one that no register has confirmed.
            kind TEXT NOT NULL CHECK (kind IN ('refund', 'revoke')),
            amount INTEGER NOT NULL CHECK (amount > 0),
            reason TEXT NOT NULL,
            note TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'sent', 'refused')),
            requester INTEGER NOT NULL,
            requester_name TEXT NOT NULL,
            decider_name TEXT,
            answer TEXT,
            created_at INTEGER NOT NULL,
            decided_at INTEGER
        ) STRICT;

        -- Which lines of the basket a refund is for. The name is kept as it was then.
        CREATE TABLE refund_line (
            request INTEGER NOT NULL REFERENCES refund_request (id),
            line INTEGER NOT NULL,
            quantity INTEGER NOT NULL CHECK (quantity > 0),
            name TEXT NOT NULL,
            PRIMARY KEY (request, line)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX refund_request_number ON refund_request (number);
        CREATE INDEX refund_request_requester ON refund_request (requester, created_at);
        CREATE INDEX refund_request_store ON refund_request (store, created_at);
        CREATE TABLE resolution (
            id INTEGER PRIMARY KEY,
            number TEXT NOT NULL,
            store TEXT NOT NULL,
            decision TEXT NOT NULL,
            evidence TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'refused')),
            first INTEGER NOT NULL,
            first_name TEXT NOT NULL,
            second_name TEXT,
            answer TEXT,
            created_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX resolution_number ON resolution (number);
        CREATE INDEX refund_request_open ON refund_request (state) WHERE state IN ('waiting', 'approved');
        """

    private static let launches = """

        CREATE TABLE launch (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('preparing', 'running', 'paused', 'finished', 'stopped')),
            starts_at INTEGER,
            -- Stores that go live together; 0 for all.
            wave_size INTEGER NOT NULL DEFAULT 0,
            wave_minutes INTEGER NOT NULL DEFAULT 0,
            -- The stop rule: percent, and the payments from which it counts.
            least_rate INTEGER CHECK (least_rate BETWEEN 1 AND 100),
            least_payments INTEGER NOT NULL DEFAULT 0,
            next_wave_at INTEGER,
            counted_from INTEGER NOT NULL DEFAULT 0,
            pause_kind TEXT,
            pause_text TEXT,
            creator TEXT NOT NULL,
            starter TEXT,
            created_at INTEGER NOT NULL,
            version INTEGER NOT NULL DEFAULT 1
        ) STRICT;

        CREATE TABLE launch_store (
            launch INTEGER NOT NULL REFERENCES launch (id),
            store TEXT NOT NULL,
            position INTEGER NOT NULL,
            -- Going: its wave is stored, and the clouds are being told.
            state TEXT NOT NULL CHECK (state IN ('waiting', 'going', 'live')),
            wave INTEGER,
            live_since INTEGER,
            PRIMARY KEY (launch, store)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX launch_store_store ON launch_store (store);

        CREATE TABLE launch_wallet (
            launch INTEGER NOT NULL REFERENCES launch (id),
            wallet TEXT NOT NULL,
            account TEXT NOT NULL,
            PRIMARY KEY (launch, wallet)
        ) STRICT, WITHOUT ROWID;

        -- The last test payment of each store and wallet; payment codes are nowhere.
        CREATE TABLE launch_test (
            launch INTEGER NOT NULL REFERENCES launch (id),
            store TEXT NOT NULL,
            wallet TEXT NOT NULL,
            account TEXT NOT NULL,
            number TEXT NOT NULL,
            result TEXT NOT NULL,
            reason TEXT,
            undo TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (launch, store, wallet)
        ) STRICT, WITHOUT ROWID;
        """

    /// What people keep of lists for themselves and for each other.
    private static let lists = """

        CREATE TABLE user_setting (
            user INTEGER NOT NULL REFERENCES user (id),
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (user, name)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE saved_view (
            id INTEGER PRIMARY KEY,
            owner INTEGER NOT NULL REFERENCES user (id),
            name TEXT NOT NULL COLLATE NOCASE,
            -- The conditions, as the address of the list holds them.
            query TEXT NOT NULL,
            is_shared INTEGER NOT NULL DEFAULT 0,
            created_at INTEGER NOT NULL,
            version INTEGER NOT NULL DEFAULT 1,
            UNIQUE (owner, name)
        ) STRICT;
        CREATE INDEX saved_view_shared ON saved_view (name) WHERE is_shared;

        -- What people know about a payment and no log tells.
        CREATE TABLE payment_note (
            id INTEGER PRIMARY KEY,
            number TEXT NOT NULL,
            author INTEGER NOT NULL REFERENCES user (id),
            author_name TEXT NOT NULL,
            text TEXT NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX payment_note_number ON payment_note (number);
        CREATE TRIGGER payment_note_stays BEFORE UPDATE ON payment_note
            BEGIN SELECT RAISE(ABORT, 'notes are append-only'); END;
        CREATE TRIGGER payment_note_keeps BEFORE DELETE ON payment_note
            BEGIN SELECT RAISE(ABORT, 'notes are append-only'); END;

        -- Exports that are too long for one answer.
        CREATE TABLE export_job (
            id INTEGER PRIMARY KEY,
            user INTEGER NOT NULL REFERENCES user (id),
            query TEXT NOT NULL,
            columns TEXT NOT NULL,
            language TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'ready', 'failed', 'expired')),
            -- Rows, as counted when it was asked for, and as they stand in the file.
            total INTEGER NOT NULL,
            written INTEGER NOT NULL DEFAULT 0,
            -- The places whose payments the file holds: their paths, with spaces between them.
            scope TEXT NOT NULL DEFAULT '',
            failure TEXT,
            created_at INTEGER NOT NULL,
            finished_at INTEGER,
            fetched_at INTEGER
        ) STRICT;
        CREATE INDEX export_job_user ON export_job (user, id);
        -- One at a time for each person.
        CREATE UNIQUE INDEX export_job_open ON export_job (user) WHERE state IN ('waiting', 'running');
        """
}
