"""Ways to load models of sentences and of images, each library with its own form of an id."""

from __future__ import annotations

from simhub.github._template import python

SENTENCES = (
    python(
        "sentence_short",
        """
        from sentence_transformers import SentenceTransformer

        embedder = SentenceTransformer("<sentence>")  #= sentence-transformers/<sentence>
        """,
        "sentence_transformers",
        weight=9,
    ),
    python(
        "sentence_owned",
        """
        from sentence_transformers import SentenceTransformer, util

        semantic = SentenceTransformer("<o>", device="cpu")  #= <o>
        print(util.cos_sim(semantic.encode("a"), semantic.encode("b")))
        """,
        "sentence_transformers",
        weight=5,
    ),
    python(
        "cross_encoder",
        """
        from sentence_transformers import CrossEncoder

        scorer = CrossEncoder("<o>", max_length=512)  #= <o>
        """,
        "sentence_transformers",
    ),
    python(
        "langchain",
        """
        from langchain_huggingface import HuggingFaceEmbeddings

        store_embeddings = HuggingFaceEmbeddings(model_name="<o>", model_kwargs={"device": "cpu"})  #= <o>
        """,
        "langchain_huggingface",
        weight=5,
    ),
    python(
        "llama_index",
        """
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding

        index_embedding = HuggingFaceEmbedding(model_name="<o>")  #= <o>
        """,
        "llama_index",
    ),
    python(
        "keybert",
        """
        from keybert import KeyBERT

        keywords = KeyBERT(model="<sentence>").extract_keywords("some text")  #= sentence-transformers/<sentence>
        """,
        "keybert",
        weight=1,
    ),
    python(
        "bertopic",
        """
        from bertopic import BERTopic

        topics = BERTopic(embedding_model="<sentence>", verbose=True)  #= sentence-transformers/<sentence>
        """,
        "bertopic",
        weight=1,
    ),
    python(
        "fastembed",
        """
        from fastembed import TextEmbedding

        quick = TextEmbedding(model_name="<o>")  #= <o>
        """,
        "fastembed",
        weight=1,
    ),
    python(
        "setfit",
        """
        from setfit import SetFitModel

        few_shot = SetFitModel.from_pretrained("<o>")  #= <o>
        """,
        "setfit",
        weight=2,
    ),
    python(
        "gliner",
        """
        from gliner import GLiNER

        entities = GLiNER.from_pretrained("<o>").predict_entities("Ada in London", ["person"])  #= <o>
        """,
        "gliner",
        weight=2,
    ),
    python(
        "flair",
        """
        from flair.embeddings import TransformerWordEmbeddings
        from flair.models import SequenceTagger

        sequence_tagger = SequenceTagger.load("<o>")  #= <o>
        word_embeddings = TransformerWordEmbeddings("<a>")  #= <a>
        """,
        "flair",
        weight=2,
    ),
)

IMAGES = (
    python(
        "diffusers",
        """
        import torch
        from diffusers import StableDiffusionPipeline

        painter = StableDiffusionPipeline.from_pretrained("<o>", torch_dtype=torch.float16)  #= <o>
        painter.to("cuda")("a lighthouse").images[0].save("lighthouse.png")
        """,
        "diffusers",
        weight=6,
    ),
    python(
        "diffusers_parts",
        """
        from diffusers import AutoencoderKL, ControlNetModel, DiffusionPipeline

        control = ControlNetModel.from_pretrained("<o>")  #= <o>
        vae = AutoencoderKL.from_pretrained("<p>", subfolder="vae")  #= <p>
        controlled = DiffusionPipeline.from_pretrained("<q>", controlnet=control, vae=vae)  #= <q>
        """,
        "diffusers",
    ),
    python(
        "single_file",
        """
        from diffusers import StableDiffusionXLPipeline

        FILE = "https://huggingface.co/<o>/blob/main/model.safetensors"
        from_file = StableDiffusionXLPipeline.from_single_file(FILE)  #= <o>
        """,
        "diffusers",
        weight=2,
    ),
    python(
        "lora_weights",
        """
        from diffusers import AutoPipelineForText2Image

        stylish = AutoPipelineForText2Image.from_pretrained("<o>")  #= <o>
        stylish.load_lora_weights("<p>", weight_name="pytorch_lora_weights.safetensors")  #= <p>
        """,
        "diffusers",
        weight=4,
    ),
    python(
        "timm_hub",
        """
        import timm

        vision_tower = timm.create_model("hf-hub:<o>", pretrained=True)  #= <o>
        """,
        "timm",
        weight=3,
    ),
    python(
        "timm_hub_underscore",
        """
        from timm import create_model

        other_tower = create_model("hf_hub:<o>", pretrained=True, num_classes=0)  #= <o>
        """,
        "timm",
        weight=1,
    ),
    python(
        "timm_name",
        """
        import timm

        named_tower = timm.create_model("<vision>", pretrained=True)  #= <vision>; hub=timm
        """,
        "timm",
        weight=4,
    ),
    python(
        "open_clip_hub",
        """
        import open_clip

        clip, _, preprocess = open_clip.create_model_and_transforms("hf-hub:<o>")  #= <o>
        clip_tokenizer = open_clip.get_tokenizer("hf-hub:<o>")  #= <o>
        """,
        "open_clip",
        weight=2,
    ),
    python(
        "torchvision_weights",
        """
        from torchvision.models import ResNet50_Weights, resnet50

        residual = resnet50(weights=ResNet50_Weights.IMAGENET1K_V2)  #= resnet50; hub=torchvision
        """,
        "torchvision",
        weight=4,
    ),
    python(
        "torchvision_old",
        """
        from torchvision import models

        features_of = models.vgg16(pretrained=True).features  #= vgg16; hub=torchvision
        """,
        "torchvision",
        weight=4,
    ),
    python(
        "torch_hub",
        """
        import torch

        dino = torch.hub.load("<repository>", "<entry>", trust_repo=True)  #= <repository>:<entry>; hub=pytorch-hub flags=trust_repo
        """,  # noqa: E501
        "torch",
        weight=3,
    ),
    python(
        "torch_hub_branch",
        """
        import torch

        branched = torch.hub.load("<repository>:main", model="<entry>")  #= <repository>:<entry>; hub=pytorch-hub
        """,
        "torch",
        weight=1,
    ),
    python(
        "keras_application",
        """
        from tensorflow.keras.applications import MobileNetV2

        mobile = MobileNetV2(weights="imagenet", include_top=False)  #= MobileNetV2; hub=keras library=tensorflow
        """,
        "tensorflow",
        weight=2,
    ),
    python(
        "ultralytics",
        """
        from ultralytics import YOLO

        boxes = YOLO("yolov8n.pt")  #= yolov8n.pt; hub=ultralytics
        """,
        "ultralytics",
        weight=2,
    ),
)
