"""Contract suites: judge any Rodent, any Toggle, in any language, as black boxes."""
