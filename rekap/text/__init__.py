"""Words of people: the language asked for, numbers as it writes them, names of options and codes."""
