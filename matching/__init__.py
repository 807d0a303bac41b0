"""Identity resolution: block, score, constrain, cluster, assign stable golden ids, explain, evaluate."""
