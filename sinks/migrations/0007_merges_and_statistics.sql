-- While a count is live each table gets some three parts a second. What merging them costs goes by the number of
-- parts, not of rows, and a dozen at a time took as long as inserting them. Thirty at a time take half of that;
-- FINAL then finds some forty small parts at the most. `sink_position` stays: everybody asks it all the time, and
-- opening a part costs a reader half a millisecond.
--
-- Statistics of every column, which newer engines make while merging, choose between orders of joins. No view
-- here leaves a choice, and they took a fifth of merging and of inserting. Needs ClickHouse 25.10 or newer.

ALTER TABLE event MODIFY SETTING min_parts_to_merge_at_once = 30, auto_statistics_types = '';
ALTER TABLE station MODIFY SETTING min_parts_to_merge_at_once = 30, auto_statistics_types = '';
ALTER TABLE station_history MODIFY SETTING min_parts_to_merge_at_once = 30, auto_statistics_types = '';
ALTER TABLE tally MODIFY SETTING min_parts_to_merge_at_once = 30, auto_statistics_types = '';
ALTER TABLE tally_history MODIFY SETTING min_parts_to_merge_at_once = 30, auto_statistics_types = '';
ALTER TABLE finding MODIFY SETTING min_parts_to_merge_at_once = 30, auto_statistics_types = '';
ALTER TABLE sink_position MODIFY SETTING auto_statistics_types = '';
