"""Gymnasium's MuJoCo environments, stepped as a batch; their rules are a file for each version.

How to add an environment:

1. Write its rules as a `Task` of `tasks.py`: starts, observations, rewards, ends, by Gymnasium's operations
   in their order. Those of v4 stand in `v4.py`, those of v5 in `v5.py`. Add the class, which has the
   environment's name, to `TASKS` there. One version is enough: of Pusher there can be v5 alone, because
   Gymnasium's Pusher-v4 refuses the MuJoCo that we use.
2. Add its ids to `OTHER_ENVIRONMENTS` in `bench/protocol/environments.py`, and for videos where the camera
   stands to `VIEWS` in `bench/videos/scene.py`.
3. Run `pytest --soak tests/bench/environments`. It holds every environment equal to Gymnasium's, step by
   step. A reward with a distance is equal but for its last bits, which in Gymnasium depend on the processor:
   name such an environment in `PAID_BY_DISTANCE` there, as Reacher is.

It is trained, evaluated and shown when it is named (`--environments Ant-v4`). Table 1 stays that of the
paper's environments.
"""
