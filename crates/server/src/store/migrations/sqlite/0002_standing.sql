-- When each integration's last attempt of an outcome began, tests left out; 0 is never. It stands beside the
-- books because both change in the same breath, and stays true when retention removes the attempt itself.
ALTER TABLE books ADD COLUMN success_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE books ADD COLUMN error_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE books ADD COLUMN skipped_at INTEGER NOT NULL DEFAULT 0;

-- Wider than before: how often an integration failed, and how, is counted without opening an attempt.
DROP INDEX attempts_integration;
CREATE INDEX attempts_integration ON attempts (integration, outcome, started_at, seq, trigger, code, status);

UPDATE books SET
    success_at = COALESCE((SELECT MAX(started_at) FROM attempts a
        WHERE a.integration = books.integration AND a.outcome = 0 AND a.trigger <> 'test'), 0),
    error_at = COALESCE((SELECT MAX(started_at) FROM attempts a
        WHERE a.integration = books.integration AND a.outcome = 1 AND a.trigger <> 'test'), 0),
    skipped_at = COALESCE((SELECT MAX(started_at) FROM attempts a
        WHERE a.integration = books.integration AND a.outcome = 2 AND a.trigger <> 'test'), 0);

-- The few that are in trouble, among any number that are not.
CREATE INDEX books_without_success ON books (scope) WHERE error_at > success_at OR skipped_at > success_at;
