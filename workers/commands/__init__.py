"""The commands of `aiops`, by what people want to do."""
