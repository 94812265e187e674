"""The stages as workers run them: load by id, call one pure function, store, enqueue the next."""
