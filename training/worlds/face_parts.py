"""Classes of a face picture: names and order of CelebAMask-HQ (Lee et al., CVPR 2020)."""

from enum import IntEnum


class Part(IntEnum):
    """`L_` and `R_` are left and right as the viewer of a frontal face sees them."""

    BACKGROUND = 0
    SKIN = 1
    NOSE = 2
    GLASSES = 3
    L_EYE = 4
    R_EYE = 5
    L_BROW = 6
    R_BROW = 7
    L_EAR = 8
    R_EAR = 9
    MOUTH = 10
    U_LIP = 11
    L_LIP = 12
    HAIR = 13
    HAT = 14
    EARRING = 15
    NECKLACE = 16
    NECK = 17
    CLOTH = 18
