"""Reading the landed model cards: by rules (:mod:`crawler.understanding`), and beside them by a language model.

    landed       every card in the landing zone once, by the hash of its bytes, without those that are done
    rules        the run of source ``cards``: what the rules find, on so many processes
    asked        the run of source ``cards-llm``: what a language model answers, held against the text
    evidence     what of an answer counts: a value with a quote that the card has
    local        a README on this machine, for ``hubcensus cards read``

A reading is one record of kind ``understood``, its key the sha256 of the card: every model that has the same card
shares it, and what one version has read is never read by that version again.
"""
