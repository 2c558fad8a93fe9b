"""What scripts read of the study, where that is more than a line."""


def resampling_params():
    """How often statistics resample, and the confidence of their intervals."""
    return {"resamples": CONFIG.statistics.resamples, "confidence": CONFIG.statistics.confidence}


def rendering_params():
    """What rendering reads of the study."""
    return {"seed": CONFIG.seed, **{k: v for k, v in CONFIG.synface.told().items() if k != "corpora"}}


def lexical_kinds():
    """Kind of the system of each condition that a claim about words is about; an API model is a VLM too."""
    claims = set(STUDY.claims.of_kind("exposure"))
    return {c: row.system.kind.replace("api", "vlm") for c, row in STUDY.conditions.items() if claims & set(row.claims)}


def shown_rows(table):
    """The rows of a table that figures show: of conditions those on the rendered dataset, the embedded study."""
    rows = getattr(STUDY, table).values()
    return [row.told() for row in rows if table != "conditions" or SHOWN in (None, row.dataset.name)]


def manifest_params(w):
    """A dataset's row as far as its manifest depends on it, its label words, and the seed where one is used."""
    dataset = STUDY.datasets[w.dataset]
    drawn = CONFIG.permuted_labels or dataset.per_class and not dataset.subset
    place = Path(folder(w.dataset))
    listed = {"listed": sha256_json(files_of(place))} if not DATASET_KINDS[dataset.kind].lists else {}
    return dict(
        **listed,  # of a kind without lists, whose files are what it depends on
        **{k: v for k, v in dataset.told().items() if k in MANIFEST_COLUMNS},
        folder=folder(w.dataset),
        words=dataset.words,
        permuted_labels=CONFIG.permuted_labels,
        seed=CONFIG.seed if drawn else None,
    )


def decoding_params(w):
    """What decoding reads of the study, with the dataset's own size and rate where its row has them."""
    dataset = STUDY.datasets[w.dataset]
    return dict(
        folder=folder(w.dataset),
        n_shards=dataset.n_shards,
        size=dataset.size,
        timeout_s=CONFIG.frames.timeout_s,
        memory_gb=CONFIG.frames.memory_gb,
        **{k: getattr(dataset, k) for k in ("fps", "fit", "encoding") if getattr(dataset, k)},
    )


def sampler_params(w):
    """A frame sampler's row, with its base's."""
    sampler = STUDY.frame_samplers[w.sampler]
    return dict(sampler=sampler.told(), base=sampler.base and sampler.base.told(), seed=CONFIG.seed)


def schedule_params(w):
    """A training sampler's row, and how many clips it draws."""
    recipes = {system.recipe.name: system.recipe for system in STUDY.systems.values() if system.recipe}
    return dict(
        sampler=STUDY.training_samplers[w.training_sampler],
        seed=CONFIG.seed,
        n_draws=recipes[w.recipe].draws,
        fold=fold_number(w.fold),
    )


def answering_params(w):
    """What answering the clips of one shard in one condition reads of the study."""
    condition = STUDY.conditions[w.condition]
    system = condition.system.name
    return dict(
        system=system_params(system),
        models=model_folders(system, w.replicate),
        base=base_folder(system, w.replicate),
        # Outside the outputs on purpose: Snakemake deletes those of a failed job.
        answer_store=f"{RESULTS}/answers/store/{w.condition}.{w.replicate}.{w.shard}.jsonl",
        replicate=int(w.replicate),
        context=condition.context,
        decision=condition.decision,
        classes=condition.dataset.classes,
        **CONFIG.evaluation.told(),
    )


def published_conditions():
    """The conditions that published figures belong to, with the system's name in the publication."""
    return [
        {
            "condition": row.name,
            "dataset": (row.dataset.drawn_as or row.dataset).name,  # publications name the clips alone
            "published": " ".join(row.published),
            "system": row.system.published,
        }
        for row in STUDY.conditions.values()
        if row.published
    ]


def printed_config():
    """What the paper prints of the configuration and of the rows that it is about, as far as the study has it."""
    rows = {
        "datasets": [
            {k: d.told().get(k) for k in ("dataset", "licence")} | {"classes": d.classes} for d in STUDY.tested
        ],
        "systems": [
            {k: v for k, v in s.told().items() if k in PRINTED} | ({"folder": s.folder.name} if s.folder else {})
            for s in STUDY.asked
        ],
        "samplers": [sampler.told() for sampler in STUDY.frame_samplers.values()],
    }
    faces = {"image_size": CONFIG.synface.image_size} if CONFIG.synface else {}
    captions = CONFIG.organism.captions.told() if CONFIG.organism else {}
    return dict(
        study=CONFIG.study,
        seed=CONFIG.seed,
        replicates=CONFIG.replicates,
        alpha=STUDY.claims.alpha,
        frame_size=CONFIG.frames.size,
        tail=CONFIG.statistics.tail,
        **faces,
        **{k: captions[k] for k in ("naming", "frames_at_most") if k in captions},
        **resampling_params(),
        **{k: v for k, v in PRIMARY.items() if v},
        **rows,
    )


def source_params(source):
    """A row of the sources of word counts, without what changes no count."""
    about = ("corpus", "edition", "licence", "citation", "shards")
    return {k: v for k, v in source.told().items() if k not in about}
