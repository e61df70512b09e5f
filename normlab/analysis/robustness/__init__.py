"""How accurate networks stay when their pictures are corrupted, from which pictures they got right."""
