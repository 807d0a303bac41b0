"""Field masks in SQL, Presidio for free text, and the leak scan; what is masked how stands in `config/policy.yml`."""
