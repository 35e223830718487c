-- One row for each cause of failure. body: the issue as JSON, whose absent fields take their defaults; the columns
-- are what it is found by. state: 0 open, 1 acknowledged, 2 resolved, 3 ignored. The attempts first, latest and
-- last_good are kept as long as the row is.
CREATE TABLE issues (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    integration BLOB NOT NULL,
    scope BLOB NOT NULL,
    state INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    first BLOB NOT NULL,
    latest BLOB NOT NULL,
    last_good BLOB,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX issues_integration ON issues (integration, first_seen);
CREATE INDEX issues_scope ON issues (scope, first_seen);
