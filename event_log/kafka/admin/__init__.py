"""Administration of the topics: making and checking them, and who may use them."""
