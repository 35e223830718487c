-- Ids are uuid, or bytea of 12 bytes where Particle's are so; a moment is its milliseconds since 1970, a day its days since 1970.
-- A scope is a byte (1 user, 2 product, 3 organisation) and the id, a product's as four bytes, big end first.
-- outcome: 0 success, 1 error, 2 skipped. verdict: 0 delivered, 1 failed, 2 dropped, 3 waiting.
-- Text that came from outside may hold the character 0, which PostgreSQL does not take: it stands as U+F000 and "0",
-- and U+F000 itself as U+F000 and "1".
--
-- Every index serves a query of the program, there is none to spare.

CREATE TABLE documents (
    kind text NOT NULL,
    key text NOT NULL,
    unique_key text,
    body bytea NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE UNIQUE INDEX documents_unique ON documents (kind, unique_key) WHERE unique_key IS NOT NULL;

CREATE TABLE revisions (
    integration bytea NOT NULL,
    revision bigint NOT NULL,
    saved_at bigint NOT NULL,
    saved_by bytea,
    body bytea NOT NULL,
    PRIMARY KEY (integration, revision)
);

-- taken: whether the event was taken in; else it is here for its attempts alone, as a test's is.
-- publisher: 0 the device, 1 a person, 2 the server. source: 0 http, 1 mqtt, 2 upstream, 3 console, 4 test, 5 server.
-- bytes: about what the row and its index entries take, summed when room runs out.
CREATE TABLE events (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    published_at bigint NOT NULL,
    ttl bigint NOT NULL,
    product bigint,
    product_version bigint,
    bytes bigint NOT NULL,
    publisher smallint NOT NULL,
    source smallint NOT NULL,
    taken boolean NOT NULL,
    private boolean NOT NULL,
    id uuid NOT NULL UNIQUE,
    device bytea,
    owner bytea,
    idempotency_key text,
    name text NOT NULL,
    data text,
    PRIMARY KEY (seq) INCLUDE (bytes)
);
CREATE INDEX events_device ON events (device, published_at, seq) WHERE device IS NOT NULL AND taken;
CREATE INDEX events_owner ON events (owner, published_at, seq) WHERE owner IS NOT NULL AND taken;
CREATE INDEX events_product ON events (product, published_at, seq) WHERE product IS NOT NULL AND taken;

-- publisher: the device, or one byte: 1 a person, 2 the server. owner is empty and product is -1 where there is none.
CREATE TABLE event_keys (
    key text NOT NULL,
    publisher bytea NOT NULL,
    owner bytea NOT NULL,
    product bigint NOT NULL,
    event uuid NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (key, publisher, owner, product)
);
CREATE INDEX event_keys_at ON event_keys (at);

-- When each device last published. It outlives the events.
CREATE TABLE heard (
    device bytea NOT NULL PRIMARY KEY,
    at bigint NOT NULL
);

-- refused: whether the gate has refused an attempt, so that the day's count has it only once.
-- replay: the replay that caused the delivery.
CREATE TABLE deliveries (
    matched_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    next_at bigint,
    attempts bigint NOT NULL,
    verdict smallint NOT NULL,
    refused boolean NOT NULL,
    id uuid NOT NULL PRIMARY KEY,
    event uuid NOT NULL,
    integration bytea NOT NULL,
    scope bytea NOT NULL,
    device bytea,
    replay uuid,
    event_name text NOT NULL,
    reason text
);
CREATE INDEX deliveries_event ON deliveries (event, id);
CREATE INDEX deliveries_verdict ON deliveries (integration, verdict, id);
CREATE INDEX deliveries_replay ON deliveries (replay, id) WHERE replay IS NOT NULL;

-- Ends that were recorded before their deliveries, until these come.
CREATE TABLE early_ends (
    delivery uuid NOT NULL PRIMARY KEY,
    integration bytea NOT NULL,
    verdict smallint NOT NULL,
    reason text NOT NULL,
    at bigint NOT NULL
);

-- detail: a version byte, then what the columns do not have. See store/detail.rs. It is sought through by its bytes
-- and never by PostgreSQL. bytes: about what the row, its delivery and their index entries take.
CREATE TABLE attempts (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    started_at bigint NOT NULL,
    duration_ms bigint NOT NULL,
    revision bigint NOT NULL,
    number bigint NOT NULL,
    bytes bigint NOT NULL,
    outcome smallint NOT NULL,
    status integer,
    id uuid NOT NULL UNIQUE,
    delivery uuid NOT NULL,
    event uuid NOT NULL,
    integration bytea NOT NULL,
    scope bytea NOT NULL,
    device bytea,
    trigger text NOT NULL,
    code text,
    message text,
    origin text,
    detail bytea NOT NULL,
    PRIMARY KEY (seq) INCLUDE (bytes)
);
-- Other attempts are found by their delivery's event; a test has no delivery in the table.
CREATE INDEX attempts_test ON attempts (delivery) WHERE trigger = 'test';
CREATE INDEX attempts_event ON attempts (event);
-- Wide, so that how often an integration failed, and how, is counted without opening an attempt.
CREATE INDEX attempts_integration ON attempts (integration, outcome, started_at, seq) INCLUDE (trigger, code, status);
CREATE INDEX attempts_scope ON attempts (scope, outcome, started_at, seq);

-- matched: deliveries begun that day.
CREATE TABLE day_counts (
    integration bytea NOT NULL,
    day integer NOT NULL,
    success bigint NOT NULL,
    error bigint NOT NULL,
    skipped bigint NOT NULL,
    matched bigint NOT NULL,
    PRIMARY KEY (integration, day)
);
CREATE INDEX day_counts_day ON day_counts (day);

-- success_at, error_at, skipped_at: when the last attempt of that outcome began, tests left out; 0 is never. They stay
-- true when retention removes the attempt itself.
CREATE TABLE books (
    integration bytea NOT NULL PRIMARY KEY,
    scope bytea NOT NULL,
    matched bigint NOT NULL,
    delivered bigint NOT NULL,
    failed bigint NOT NULL,
    dropped bigint NOT NULL,
    waiting bigint NOT NULL,
    success_at bigint NOT NULL,
    error_at bigint NOT NULL,
    skipped_at bigint NOT NULL,
    CONSTRAINT the_books_balance CHECK (matched = delivered + failed + dropped + waiting)
) WITH (fillfactor = 50);
CREATE INDEX books_scope ON books (scope);
-- The few that are in trouble, among any number that are not.
CREATE INDEX books_without_success ON books (scope) WHERE error_at > success_at OR skipped_at > success_at;

-- device and integration are empty where there is none.
CREATE TABLE usage (
    scope bytea NOT NULL,
    day integer NOT NULL,
    device bytea NOT NULL,
    integration bytea NOT NULL,
    publishes bigint NOT NULL,
    received bigint NOT NULL,
    PRIMARY KEY (scope, day, device, integration)
) WITH (fillfactor = 50);
CREATE INDEX usage_day ON usage (day);

-- One row for each cause of failure. body: the issue as JSON, whose absent fields take their defaults; the columns
-- are what it is found by. state: 0 open, 1 acknowledged, 2 resolved, 3 ignored. The attempts first, latest and
-- last_good are kept as long as the row is.
CREATE TABLE issues (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    first_seen bigint NOT NULL,
    last_seen bigint NOT NULL,
    state smallint NOT NULL,
    id bytea NOT NULL UNIQUE,
    integration bytea NOT NULL,
    scope bytea NOT NULL,
    first uuid NOT NULL,
    latest uuid NOT NULL,
    last_good uuid,
    body text NOT NULL
);
CREATE INDEX issues_integration ON issues (integration, first_seen, seq);
CREATE INDEX issues_scope ON issues (scope, first_seen, seq);
CREATE INDEX issues_unresolved ON issues (integration) WHERE state <> 2;

-- sending: 0 under way, 1 complete, 2 stopped by itself, 3 cancelled, 4 interrupted by the end of the server.
-- sent, succeeded and failed change with the deliveries, in the same breath, and stay when retention removes these;
-- a replay that is a test has none, and tells its numbers itself. plan: JSON.
CREATE TABLE replays (
    id uuid NOT NULL PRIMARY KEY,
    integration bytea NOT NULL,
    scope bytea NOT NULL,
    by bytea NOT NULL,
    by_name text NOT NULL,
    plan text NOT NULL,
    sending smallint NOT NULL,
    reason text,
    total bigint NOT NULL,
    sent bigint NOT NULL,
    succeeded bigint NOT NULL,
    failed bigint NOT NULL,
    skipped bigint NOT NULL,
    ended_at bigint,
    changed_at bigint NOT NULL
);
CREATE INDEX replays_integration ON replays (integration, id);
CREATE INDEX replays_scope ON replays (scope, id);
CREATE INDEX replays_unfinished ON replays (id) WHERE sending = 0;

-- How many batches each run of a node has recorded: counted in the transaction of each, so that a node whose connection
-- was lost while one ended knows whether it did. at: when it last recorded.
CREATE TABLE batches (
    node text NOT NULL PRIMARY KEY,
    count bigint NOT NULL,
    at bigint NOT NULL
) WITH (fillfactor = 50);
