"""Gymnasium's MuJoCo environments, stepped as a batch; their rules are a file for each version.

How to add an environment:

1. Write its rules as a `Task`: starts, observations, rewards, ends. Those of Gymnasium's v4 stand in `v4.py`,
   those of v5 in `v5.py`. Add the class, which has the environment's name, to `TASKS` there.
2. Add its ids to `OTHER_ENVIRONMENTS` in `bench/protocol/environments.py`, and for videos where the camera
   stands to `VIEWS` in `bench/videos/scene.py`.
3. Run `pytest --soak tests/bench/environments`. It holds every environment equal to Gymnasium's, step by step
   (Reacher's reward but for its last bits, which there depend on the processor).

It is trained, evaluated and shown when it is named (`--environments Ant-v4`). Table 1 stays that of the
paper's environments.
"""
