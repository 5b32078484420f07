"""The log: events as they arrived, in order, never changed. Everything else can be made from it again."""
