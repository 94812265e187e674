"""Pictures that open without JavaScript and without a network."""
