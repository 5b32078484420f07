"""What people see on a terminal: tables, sheets, timelines, bars and the live view."""
