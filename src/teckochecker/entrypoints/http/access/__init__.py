"""Who may come in: `rule` decides by the facts of a request alone, `gate` stands before every route and obeys."""
