-- The names that a list gives its stations; '' where it gives none. A name is never made up of a number.

ALTER TABLE register_station ADD COLUMN IF NOT EXISTS name String DEFAULT '';
