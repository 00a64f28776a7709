namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>Names that are seen from an expression: a loop's or lambda's, then those around it, then those of the file instance. Never changed once made.</summary>
internal sealed record Frame(ModuleInstance Module, Frame? Outer, string? Name, Func<BicepValue>? Value)
{
    public Frame With(string name, BicepValue value) => new(Module, this, name, () => value);

    public Frame With(string name, Func<BicepValue> value) => new(Module, this, name, value);

    public bool TryFind(string name, out Func<BicepValue> value)
    {
        for (var frame = this; frame is not null; frame = frame.Outer)
        {
            if (frame.Name != name) continue;
            value = frame.Value!;
            return true;
        }
        value = null!;
        return false;
    }
}
