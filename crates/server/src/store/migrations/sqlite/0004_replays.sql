-- sending: 0 under way, 1 complete, 2 stopped by itself, 3 cancelled, 4 interrupted by the end of the server.
-- sent, succeeded and failed change with the deliveries, in the same breath, and stay when retention removes these;
-- a replay that is a test has none, and tells its numbers itself. plan: JSON.
CREATE TABLE replays (
    id BLOB NOT NULL PRIMARY KEY,
    integration BLOB NOT NULL,
    scope BLOB NOT NULL,
    by BLOB NOT NULL,
    by_name TEXT NOT NULL,
    plan TEXT NOT NULL,
    sending INTEGER NOT NULL,
    reason TEXT,
    total INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    ended_at INTEGER,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX replays_integration ON replays (integration, id);
CREATE INDEX replays_scope ON replays (scope, id);
CREATE INDEX replays_unfinished ON replays (id) WHERE sending = 0;

-- The replay that caused the delivery.
ALTER TABLE deliveries ADD COLUMN replay BLOB;
CREATE INDEX deliveries_replay ON deliveries (replay, id) WHERE replay IS NOT NULL;
