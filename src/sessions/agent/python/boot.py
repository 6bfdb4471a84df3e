# Run in the new daemon with `data` and `given`: modules are read from their text when something of them is first used.
import sys, types


class Late(types.ModuleType):
    """One that is not read yet."""

    def __getattr__(self, name):
        source = self.__dict__.pop("_source", None)
        if source is None:
            raise AttributeError(name)
        exec(compile(source, self.__file__, "exec"), self.__dict__)
        return getattr(self, name)


for name, source in data["modules"].items():
    module = Late(name)
    module.__file__ = "<session/%s.py>" % name
    module._source = source
    sys.modules[name] = module
sys.modules["daemon"].main(data["spec"], *given)
