"""What values.schema.json has against values, in the user's words."""
