"""Pretrained backbones: frozen networks of others, which make a vector of a text or a picture."""

from pellucid.backbones.backbone import Backbone
from pellucid.backbones.naming import backbone_named, backbone_of, installed

__all__ = ["Backbone", "backbone_named", "backbone_of", "installed"]
