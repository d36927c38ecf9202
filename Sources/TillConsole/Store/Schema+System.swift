// Part of Tillbridge. See LICENSE.

/// The tables of what connects a console with other systems and watches the chain. They have their home here.
extension Schema {
    static let system = apiKeys + webhooks + alerts

    private static let apiKeys = """

        -- Who a program is; what it proves itself by stands in api_secret.
        CREATE TABLE api_key (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE COLLATE NOCASE,
            node INTEGER NOT NULL REFERENCES node (id),
            -- Names of rights with spaces between them.
            rights TEXT NOT NULL,
            -- Not valid any more from then on.
            expires_at INTEGER,
            created_at INTEGER NOT NULL,
            creator_name TEXT NOT NULL,
            revoked_at INTEGER,
            last_used_at INTEGER
        ) STRICT;

        CREATE TABLE api_secret (
            -- The beginning of the secret, by which it is found and which people may see.
            prefix TEXT PRIMARY KEY,
            api_key INTEGER NOT NULL REFERENCES api_key (id),
            hash BLOB NOT NULL,
            -- The user who has seen it.
            creator INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            -- Another has taken its place.
            ends_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX api_secret_key ON api_secret (api_key);

        -- The refunds that were asked for through keys, by what the program calls each request.
        CREATE TABLE api_request (
            api_key INTEGER NOT NULL REFERENCES api_key (id),
            idempotency TEXT NOT NULL,
            -- Of what was asked for: the same name for something else is a mistake.
            content BLOB NOT NULL,
            refund_request INTEGER NOT NULL REFERENCES refund_request (id),
            PRIMARY KEY (api_key, idempotency)
        ) STRICT, WITHOUT ROWID;
        """

    private static let webhooks = """

        CREATE TABLE webhook (
            id INTEGER PRIMARY KEY,
            url TEXT NOT NULL,
            node INTEGER NOT NULL REFERENCES node (id),
            -- Names of events with spaces between them.
            kinds TEXT NOT NULL,
            -- Sealed, each; the old one signs beside the new one for a while.
            secret BLOB NOT NULL,
            old_secret BLOB,
            old_until INTEGER,
            state TEXT NOT NULL CHECK (state IN ('on', 'off', 'paused')),
            -- Since when every try has failed.
            failing_since INTEGER,
            created_at INTEGER NOT NULL,
            creator_name TEXT NOT NULL,
            version INTEGER NOT NULL DEFAULT 1
        ) STRICT;

        CREATE TABLE webhook_event (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            -- Of the payment; empty without one.
            number TEXT NOT NULL,
            time INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX webhook_event_number ON webhook_event (number) WHERE number <> '';
        CREATE INDEX webhook_event_time ON webhook_event (time);

        -- Each event on its way to each address that wants it.
        CREATE TABLE webhook_delivery (
            id INTEGER PRIMARY KEY,
            webhook INTEGER NOT NULL REFERENCES webhook (id),
            event TEXT NOT NULL REFERENCES webhook_event (id),
            -- What arrives in its order: the payment's number, or an alert.
            subject TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up')),
            tries INTEGER NOT NULL DEFAULT 0,
            due_at INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            -- Of the last try.
            tried_at INTEGER,
            status INTEGER,
            failure TEXT,
            milliseconds INTEGER,
            UNIQUE (webhook, event)
        ) STRICT;
        CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook, due_at) WHERE state = 'waiting';
        CREATE INDEX webhook_delivery_order ON webhook_delivery (webhook, subject, id) WHERE state = 'waiting';
        CREATE INDEX webhook_delivery_log ON webhook_delivery (webhook, id);
        CREATE INDEX webhook_delivery_taken ON webhook_delivery (webhook, tried_at) WHERE state = 'delivered';
        CREATE INDEX webhook_delivery_event ON webhook_delivery (event);
        CREATE INDEX webhook_delivery_age ON webhook_delivery (created_at);
        """

    private static let alerts = """

        CREATE TABLE alert_rule (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            node INTEGER NOT NULL REFERENCES node (id),
            -- Empty for all.
            wallet TEXT NOT NULL DEFAULT '',
            -- What it is set by; null where its kind needs none.
            percent INTEGER,
            minutes INTEGER,
            payments INTEGER,
            seconds INTEGER,
            -- Minutes of the day.
            opens INTEGER,
            closes INTEGER,
            is_on INTEGER NOT NULL DEFAULT 1,
            creator_name TEXT NOT NULL,
            version INTEGER NOT NULL DEFAULT 1
        ) STRICT;

        -- What they were: a rule may be changed or gone.
        CREATE TABLE alert (
            id INTEGER PRIMARY KEY,
            rule INTEGER NOT NULL,
            kind TEXT NOT NULL,
            node INTEGER NOT NULL REFERENCES node (id),
            subject TEXT NOT NULL,
            wallet TEXT NOT NULL,
            value INTEGER NOT NULL,
            bound INTEGER NOT NULL,
            minutes INTEGER NOT NULL,
            raised_at INTEGER NOT NULL,
            cleared_at INTEGER,
            acknowledged_at INTEGER,
            acknowledged_by TEXT,
            note TEXT
        ) STRICT;
        -- Raised once, until it is over.
        CREATE UNIQUE INDEX alert_open ON alert (rule, subject) WHERE cleared_at IS NULL;
        """
}
