-- Kipoi: facts records from model.yaml and templates. Tasks of genomics have no pipeline tag of their own: a model that
-- reads a sequence and gives numbers is a regression or classification over it.

-- [hub]
SELECT 'kipoi' AS hub, 'Kipoi' AS title, 'https://kipoi.org/models/' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES
    ('rna splicing', 'tabular-regression'), ('rna expression', 'tabular-regression'),
    ('transcription factor binding', 'tabular-classification'), ('tf binding', 'tabular-classification'),
    ('dna accessibility', 'tabular-classification'), ('histone modification', 'tabular-classification'),
    ('rna binding', 'tabular-classification'), ('dna binding', 'tabular-classification'),
    ('dna methylation', 'tabular-regression'), ('polyadenylation', 'tabular-regression'),
    ('variant effect prediction', 'tabular-regression'), ('translation', 'tabular-regression'),
    ('protein stability', 'tabular-regression'), ('rna half-life', 'tabular-regression')
) AS t(word, task);
