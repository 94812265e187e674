"""The vocabulary of the product and its policies: frozen values, no behaviour that reaches out."""
