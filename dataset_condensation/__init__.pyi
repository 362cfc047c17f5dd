# Made from the module beside it by tools/export.py
from dataset_condensation.image_folders import from_datasets as from_datasets, load_dataset as load_dataset
from dataset_condensation.data import ImageData as ImageData, from_tensors as from_tensors, gen as gen, show_images as show_images
from dataset_condensation.networks import make_net as make_net
from dataset_condensation.augmentation import make_augment as make_augment
from dataset_condensation.training import SyntheticSet as SyntheticSet, TrainRecipe as TrainRecipe, accuracy as accuracy, evaluate as evaluate, train as train, train_recipe as train_recipe
from dataset_condensation.coresets import compare as compare, random_set as random_set
from dataset_condensation.names import register as register
from dataset_condensation.condensation import CustomMatching as CustomMatching, Method as Method, Recipe as Recipe, condensing as condensing
from dataset_condensation.runs import condense as condense, condense_seeds as condense_seeds
from dataset_condensation.gradient_matching import GradientMatching as GradientMatching, paper as paper
from dataset_condensation.multi_level_matching import MultiLevelMatching as MultiLevelMatching
from dataset_condensation.distribution_matching import DistributionMatching as DistributionMatching, condense_sizes as condense_sizes
from dataset_condensation.beyond import ExpertMatching as ExpertMatching
from dataset_condensation.frozen_backbones import probe as probe
from dataset_condensation.gpu_training import Speed as Speed
from dataset_condensation.studies import ablate as ablate, cross_architecture as cross_architecture
from dataset_condensation.continual_learning import continual as continual
from dataset_condensation.architecture_search import search as search
from dataset_condensation.recommendation import recommend as recommend
from dataset_condensation.scoring import score as score
from dataset_condensation.growing_sets import add_classes as add_classes
from dataset_condensation.teacher_labels import soft_labels as soft_labels
from dataset_condensation.zoo import load_published as load_published, publish as publish, published as published, published_card as published_card
from dataset_condensation.widgets import LiveRun as LiveRun
__version__: str
__doc__: str
HOMES: dict
__all__ = ['CustomMatching', 'DistributionMatching', 'ExpertMatching', 'GradientMatching', 'ImageData', 'LiveRun', 'Method', 'MultiLevelMatching', 'Recipe', 'Speed', 'SyntheticSet', 'TrainRecipe', 'ablate', 'accuracy', 'add_classes', 'compare', 'condense', 'condense_seeds', 'condense_sizes', 'condensing', 'continual', 'cross_architecture', 'evaluate', 'from_datasets', 'from_tensors', 'gen', 'load_dataset', 'load_published', 'make_augment', 'make_net', 'paper', 'probe', 'publish', 'published', 'published_card', 'random_set', 'recommend', 'register', 'score', 'search', 'show_images', 'soft_labels', 'train', 'train_recipe']
USUAL: dict

def __dir__() -> list[str]:
    ...
