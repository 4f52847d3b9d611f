"""What the endpoints do, a module for each subject; :mod:`..endpoints` is the table of them."""
