-- When each device last published. It outlives the events, so that a device that has been silent for a season still
-- says since when.
CREATE TABLE heard (
    device BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- 4 is the source of events that were made for a test.
INSERT INTO heard (device, at)
SELECT device, max(published_at) FROM events WHERE device IS NOT NULL AND source <> 4 GROUP BY device;
