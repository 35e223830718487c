-- Ids are BLOBs of 12 or 16 bytes, a moment is its milliseconds since 1970, a day its days since 1970.
-- A scope is a byte (1 user, 2 product, 3 organisation) and the id, a product's as four bytes, big end first.
-- outcome: 0 success, 1 error, 2 skipped. verdict: 0 delivered, 1 failed, 2 dropped, 3 waiting.
--
-- Wide rows live in tables with a sequence number, so that their indexes stay narrow and new rows go to the
-- end; narrow rows live in their key. Every index serves a query of the program, there is none to spare.

CREATE TABLE documents (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    unique_key TEXT,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX documents_unique ON documents (kind, unique_key) WHERE unique_key IS NOT NULL;

CREATE TABLE revisions (
    integration BLOB NOT NULL,
    revision INTEGER NOT NULL,
    saved_at INTEGER NOT NULL,
    saved_by BLOB,
    body BLOB NOT NULL,
    PRIMARY KEY (integration, revision)
) STRICT, WITHOUT ROWID;

-- taken: 1 when the event was taken in, 0 when it is here for its attempts alone, as a test's is.
-- publisher: 0 the device, 1 a person, 2 the server. source: 0 http, 1 mqtt, 2 upstream, 3 console, 4 test.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    published_at INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    publisher INTEGER NOT NULL,
    device BLOB,
    owner BLOB,
    product INTEGER,
    product_version INTEGER,
    ttl INTEGER NOT NULL,
    private INTEGER NOT NULL,
    source INTEGER NOT NULL,
    idempotency_key TEXT,
    name TEXT NOT NULL,
    data TEXT
) STRICT;
CREATE INDEX events_device ON events (device, published_at) WHERE device IS NOT NULL;
CREATE INDEX events_owner ON events (owner, published_at) WHERE owner IS NOT NULL;
CREATE INDEX events_product ON events (product, published_at) WHERE product IS NOT NULL;

-- publisher: the device, or one byte: 1 a person, 2 the server. owner is empty and product is -1 where there is none.
CREATE TABLE event_keys (
    key TEXT NOT NULL,
    publisher BLOB NOT NULL,
    owner BLOB NOT NULL,
    product INTEGER NOT NULL,
    event BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (key, publisher, owner, product)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_keys_at ON event_keys (at);

-- refused: 1 once the gate has refused an attempt, so that the day's count has it only once.
CREATE TABLE deliveries (
    id BLOB NOT NULL PRIMARY KEY,
    event BLOB NOT NULL,
    event_name TEXT NOT NULL,
    integration BLOB NOT NULL,
    scope BLOB NOT NULL,
    device BLOB,
    verdict INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    matched_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    next_at INTEGER,
    reason TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_event ON deliveries (event);
CREATE INDEX deliveries_verdict ON deliveries (integration, verdict);

-- Ends that were recorded before their deliveries, until these come.
CREATE TABLE early_ends (
    delivery BLOB NOT NULL PRIMARY KEY,
    integration BLOB NOT NULL,
    verdict INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- detail: a version byte, then what the columns do not have. See store/detail.rs.
CREATE TABLE attempts (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    delivery BLOB NOT NULL,
    event BLOB NOT NULL,
    integration BLOB NOT NULL,
    scope BLOB NOT NULL,
    device BLOB,
    revision INTEGER NOT NULL,
    number INTEGER NOT NULL,
    trigger TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    code TEXT,
    status INTEGER,
    message TEXT,
    origin TEXT,
    detail BLOB NOT NULL
) STRICT;
-- Other attempts are found by their delivery's event; a test has no delivery in the table.
CREATE INDEX attempts_test ON attempts (delivery) WHERE trigger = 'test';
CREATE INDEX attempts_event ON attempts (event);
CREATE INDEX attempts_integration ON attempts (integration, outcome, started_at);
CREATE INDEX attempts_scope ON attempts (scope, outcome, started_at);

-- matched: deliveries begun that day.
CREATE TABLE day_counts (
    integration BLOB NOT NULL,
    day INTEGER NOT NULL,
    success INTEGER NOT NULL,
    error INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    matched INTEGER NOT NULL,
    PRIMARY KEY (integration, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX day_counts_day ON day_counts (day);

CREATE TABLE books (
    integration BLOB NOT NULL PRIMARY KEY,
    scope BLOB NOT NULL,
    matched INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    dropped INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    CONSTRAINT the_books_balance CHECK (matched = delivered + failed + dropped + waiting)
) STRICT, WITHOUT ROWID;
CREATE INDEX books_scope ON books (scope);

-- device and integration are empty where there is none.
CREATE TABLE usage (
    scope BLOB NOT NULL,
    day INTEGER NOT NULL,
    device BLOB NOT NULL,
    integration BLOB NOT NULL,
    publishes INTEGER NOT NULL,
    received INTEGER NOT NULL,
    PRIMARY KEY (scope, day, device, integration)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_day ON usage (day);
