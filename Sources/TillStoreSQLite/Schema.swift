// Part of Tillbridge. See LICENSE.

/// The tables of one cloud. A store's identity leads the keys of payments and refunds.
enum Schema {
    /// Written into the file as `application_id`: "TBLC".
    static let applicationID: Int64 = 0x5442_4C43
    /// Written into the file as `user_version`. A file of another version is refused, never converted in place.
    static let version: Int64 = 2

    static let statements = """
        CREATE TABLE meta (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE payment (
            store TEXT NOT NULL,
            number TEXT NOT NULL,
            register TEXT NOT NULL,
            intent TEXT NOT NULL,
            sale_reference TEXT NOT NULL,
            amount INTEGER NOT NULL CHECK (amount > 0),
            home TEXT NOT NULL CHECK (home IN ('A', 'B')),
            state TEXT NOT NULL,
            version INTEGER NOT NULL CHECK (version > 0),
            unsent INTEGER NOT NULL,
            unsent_since INTEGER NOT NULL,
            sent_at INTEGER,
            wallet TEXT,
            wallet_transaction TEXT,
            payer BLOB,
            decline_candidate TEXT,
            decline_reason TEXT,
            refusal_reason TEXT,
            waiting INTEGER NOT NULL,
            conflict_seen INTEGER NOT NULL,
            confirmed_by TEXT,
            phase TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            cancel_result TEXT,
            refund_sent INTEGER NOT NULL,
            refund_accepted INTEGER NOT NULL,
            revoke_reason TEXT,
            undo_kind TEXT,
            stuck_reason TEXT,
            refunds_adopted INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            changed_at INTEGER NOT NULL,
            state_since INTEGER NOT NULL,
            last_look INTEGER NOT NULL,
            due_at INTEGER,
            person_at INTEGER,
            queued INTEGER NOT NULL,
            next_work INTEGER,
            lease_owner TEXT,
            lease_until INTEGER,
            PRIMARY KEY (store, number)
        ) STRICT;
        CREATE INDEX payment_work ON payment (next_work) WHERE next_work IS NOT NULL;
        CREATE INDEX payment_open ON payment (register, created_at)
            WHERE state IN ('sending', 'unknown', 'paid', 'revoking', 'stuck');
        CREATE INDEX payment_queued ON payment (created_at) WHERE queued = 1;
        CREATE INDEX payment_created ON payment (created_at, number);
        CREATE INDEX payment_store_created ON payment (store, created_at, number);
        CREATE INDEX payment_sale ON payment (sale_reference);
        CREATE INDEX payment_transaction ON payment (wallet_transaction) WHERE wallet_transaction IS NOT NULL;

        CREATE TABLE refund (
            store TEXT NOT NULL,
            number TEXT NOT NULL,
            counter INTEGER NOT NULL CHECK (counter BETWEEN 1 AND 99),
            reference BLOB NOT NULL,
            amount INTEGER NOT NULL CHECK (amount > 0),
            reason BLOB NOT NULL,
            operator BLOB NOT NULL,
            state TEXT NOT NULL,
            failure TEXT,
            attempts INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            changed_at INTEGER NOT NULL,
            due_at INTEGER,
            PRIMARY KEY (store, number, counter),
            UNIQUE (store, number, reference),
            FOREIGN KEY (store, number) REFERENCES payment (store, number)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE log (
            sequence INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            body TEXT NOT NULL,
            hash BLOB NOT NULL
        ) STRICT;

        CREATE TABLE document (
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            version INTEGER NOT NULL,
            body TEXT NOT NULL,
            changed_at INTEGER NOT NULL,
            PRIMARY KEY (kind, key, version)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE activation (
            code TEXT PRIMARY KEY,
            register TEXT NOT NULL,
            key BLOB NOT NULL,
            expires_at INTEGER NOT NULL,
            wrong_tries_left INTEGER NOT NULL,
            used_at INTEGER,
            used_by BLOB,
            generation INTEGER
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE register_standing (
            register TEXT PRIMARY KEY,
            highest_sequence INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            version TEXT NOT NULL,
            acknowledges INTEGER NOT NULL,
            last_contact INTEGER
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE register_journal (
            register TEXT NOT NULL,
            generation INTEGER NOT NULL,
            highest_index INTEGER NOT NULL,
            PRIMARY KEY (register, generation)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE peer (
            cloud TEXT PRIMARY KEY,
            sequence INTEGER NOT NULL,
            hash BLOB NOT NULL,
            promoted_at INTEGER,
            pulled_at INTEGER
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE replica (
            cloud TEXT NOT NULL,
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            time INTEGER NOT NULL,
            body TEXT NOT NULL,
            hash BLOB NOT NULL,
            PRIMARY KEY (cloud, kind, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX replica_newest ON replica (cloud, kind, sequence);
        CREATE INDEX replica_sequence ON replica (cloud, sequence);
        """
}
