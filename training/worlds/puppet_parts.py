"""Parts of a body: numbers as in DensePose (Gueler et al., CVPR 2018), 0 the background."""

from enum import IntEnum


class BodyPart(IntEnum):
    """Left and right are the dancer's own. Limbs have two parts each, as DensePose cuts them: behind and in front."""

    BACKGROUND = 0
    TORSO_BACK = 1
    TORSO_FRONT = 2
    RIGHT_HAND = 3
    LEFT_HAND = 4
    LEFT_FOOT = 5
    RIGHT_FOOT = 6
    RIGHT_UPPER_LEG_BACK = 7
    LEFT_UPPER_LEG_BACK = 8
    RIGHT_UPPER_LEG_FRONT = 9
    LEFT_UPPER_LEG_FRONT = 10
    RIGHT_LOWER_LEG_BACK = 11
    LEFT_LOWER_LEG_BACK = 12
    RIGHT_LOWER_LEG_FRONT = 13
    LEFT_LOWER_LEG_FRONT = 14
    LEFT_UPPER_ARM_BACK = 15
    RIGHT_UPPER_ARM_BACK = 16
    LEFT_UPPER_ARM_FRONT = 17
    RIGHT_UPPER_ARM_FRONT = 18
    LEFT_LOWER_ARM_BACK = 19
    RIGHT_LOWER_ARM_BACK = 20
    LEFT_LOWER_ARM_FRONT = 21
    RIGHT_LOWER_ARM_FRONT = 22
    HEAD_RIGHT = 23
    HEAD_LEFT = 24
