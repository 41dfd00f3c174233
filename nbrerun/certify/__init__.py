"""Which values depend on what should not matter: hash seed, threads, time zone, locale, folder, order of variables."""
