namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>Keys of resources and modules that an evaluation touched, in order, each once.</summary>
internal sealed class Dependencies
{
    private readonly HashSet<string> _seen = [];
    private readonly List<string> _keys = [];

    public IReadOnlyList<string> Keys => _keys;

    public void Add(string key)
    {
        if (_seen.Add(key)) _keys.Add(key);
    }

    public void Add(Dependencies others)
    {
        foreach (string key in others._keys) Add(key);
    }
}
