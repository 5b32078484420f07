-- A message that is not accepted is called rejected everywhere, as the table with its reasons is: the outcome
-- number 2 gets that name. Stored is the number, which stays, so no row is rewritten.

ALTER TABLE event MODIFY COLUMN outcome Enum8('accepted' = 1, 'rejected' = 2, 'repeated' = 3);
