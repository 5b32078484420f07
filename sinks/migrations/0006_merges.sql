-- Every insert makes a part of each table, two or three times a second while a count is live. Merged five at a
-- time, as the engine likes best, each row is written again and again while it is new. A dozen at a time cost
-- half of that or less, and FINAL reads a few parts more.

ALTER TABLE event MODIFY SETTING min_parts_to_merge_at_once = 12;
ALTER TABLE station MODIFY SETTING min_parts_to_merge_at_once = 12;
ALTER TABLE station_history MODIFY SETTING min_parts_to_merge_at_once = 12;
ALTER TABLE tally MODIFY SETTING min_parts_to_merge_at_once = 12;
ALTER TABLE tally_history MODIFY SETTING min_parts_to_merge_at_once = 12;
ALTER TABLE finding MODIFY SETTING min_parts_to_merge_at_once = 12;
ALTER TABLE sink_position MODIFY SETTING min_parts_to_merge_at_once = 12;
