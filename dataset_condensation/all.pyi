# Made from the module beside it by tools/export.py
from .data import *
from .data import Batch, real_batch
from .machine import NotFiniteError, versions
from .image_store import cache_folder, remove_cache
from .image_folders import *
from .networks import *
from .augmentation import *
from .augmentation import siamese
from .training import *
from .coresets import *
from .names import DISTANCES, LEVELS, METHODS, POLICIES, SAMPLINGS, SPEEDS, get_method, register
from .text import markdown_table, markdown_text, text_table
from .set_files import *
from .checkpoints import CheckpointError, Checkpoints, RunLocked, RunLock
from .condensation import CustomMatching, Method, Recipe, State, Step, condensing, update_images
from .runs import condense, condense_seeds, running, save_checkpoint
from .gradient_matching import *
from .multi_level_matching import *
from .adaptive_steps import *
from .distribution_matching import *
from .studies import *
from .gpu_training import Speed, gpu_flags
from .distributed import ProcessLost, evaluate_together
from .plots import *
from .widgets import *
from .report import *
from .continual_learning import *
from .architecture_search import *
from .beyond import *
from .frozen_backbones import Frozen, LinearMatching, probe
from .recommendation import recommend
from .scoring import ScoreCard, read_set, score
from .growing_sets import *
from .teacher_labels import *
from .bytes import StraightThrough, within
from .zoo import load_published, publish, published, published_card
__all__ = ['image_stats', 'ImageSet', 'gen', 'ImageData', 'Batch', 'real_batch', 'show_images', 'from_tensors', 'NotFiniteError', 'versions', 'cache_folder', 'remove_cache', 'open_image', 'from_datasets', 'sides', 'dataset_names', 'load_dataset', 'half', 'norm_layer', 'conv_block', 'default_depth', 'convnet_body', 'mlp_body', 'lenet_body', 'alexnet_body', 'vgg11_body', 'BasicBlock', 'resnet18_body', 'NetSpec', 'parse_net', 'canonical_name', 'net_name', 'net_names', 'Net', 'init_net', 'noise_of', 'class_scores', 'last_linear', 'embed', 'make_net', 'n_params', 'has_batch_norm', 'freeze_batch_norm', 'named_augments', 'resample_groups', 'Augment', 'draw_params', 'Draw', 'siamese', 'make_augment', 'dsa_for', 'FunctionAugment', 'OPTIMIZERS', 'SCHEDULES', 'TRAIN_RECIPES', 'PLAIN', 'SyntheticSet', 'make_optimizer', 'scheduled', 'TrainRecipe', 'train_recipe', 'recipe_for', 'augment_for', 'Compute', 'gradient_of', 'train_epoch', 'train', 'predict', 'accuracy', 'Evaluation', 'get_compute', 'evaluate', 'formation', 'RANDOM', 'HERDING', 'KCENTER', 'KMEANS', 'FORGETTING', 'INITS', 'chosen_set', 'random_set', 'whole_net', 'embed_all', 'herd', 'k_center', 'k_means', 'forgetting_counts', 'Coreset', 'as_tiles', 'in_tiles', 'first_images', 'Score', 'Comparison', 'score_from_dict', 'compare', 'DISTANCES', 'LEVELS', 'METHODS', 'POLICIES', 'SAMPLINGS', 'SPEEDS', 'get_method', 'register', 'markdown_table', 'markdown_text', 'text_table', 'reach', 'import_published', 'CheckpointError', 'Checkpoints', 'RunLocked', 'RunLock', 'CustomMatching', 'Method', 'Recipe', 'State', 'Step', 'condensing', 'update_images', 'condense', 'condense_seeds', 'running', 'save_checkpoint', 'intra', 'LOOPS', 'DC', 'DC_FIRST_RELEASE', 'DSA', 'class_gradient', 'mse', 'row_cosine', 'angle', 'cos', 'Level', 'Intra', 'match_gradients', 'settle_batch_norm', 'loop_counts', 'dc_settings', 'GradientMatching', 'name_of', 'paper', 'dsa_settings', 'inter', 'both', 'interleaved', 'angle_magnitude', 'DELVING_M', 'DELVING_MD', 'mean_gradient', 'Inter', 'Both', 'Interleaved', 'row_difference', 'AngleMagnitude', 'delving_settings', 'MultiLevelMatching', 'match_in_turns', 'one_epoch', 'until_overfit', 'PUBLISHED', 'published_schedule', 'DELVING', 'DELVING_UNTIL_OVERFIT', 'Fixed', 'held_loss', 'UntilOverfit', 'Schedule', 'adaptive_settings', 'DM', 'DM_PLAIN', 'mean_distance', 'embeddings', 'over_classes', 'one_of', 'match_embeddings', 'dm_settings', 'DistributionMatching', 'trained_networks', 'Parts', 'condense_sizes', 'CrossTable', 'cross_architecture', 'plot_cross', 'variant', 'ablate', 'plot_compare', 'Speed', 'gpu_flags', 'ProcessLost', 'evaluate_together', 'STYLES', 'record', 'method_style', 'alt_text', 'show_steps', 'show_before_after', 'neighbours', 'show_neighbours', 'plot_history', 'plot_confusion', 'plot_embeddings', 'show_gradients', 'plot_pixel', 'plot_overfitting', 'Viewer', 'Replay', 'LiveRun', 'SavedRun', 'Explorer', 'report_page', 'write_report', 'class_subset', 'only_classes', 'learn', 'distillation', 'split_classes', 'class_orders', 'memory_bytes', 'ContinualRun', 'Continual', 'continual', 'map_images', 'to_shape', 'fewer', 'load_tasks', 'continual_tasks', 'CONVNETS', 'rank_correlation', 'grid', 'network_names', 'stratified', 'SearchResult', 'plot_search', 'searching', 'search', 'EXPERT', 'EXPERTS', 'Typical', 'at_random', 'strata', 'near_centroids', 'Moments', 'pairwise', 'KernelDistance', 'FrequencyDistance', 'snapshots', 'mistakes', 'expert_settings', 'ExpertMatching', 'Frozen', 'LinearMatching', 'probe', 'recommend', 'ScoreCard', 'read_set', 'score', 'Nested', 'nested', 'add_classes', 'soft_labels', 'compare_labels', 'StraightThrough', 'within', 'load_published', 'publish', 'published', 'published_card']
