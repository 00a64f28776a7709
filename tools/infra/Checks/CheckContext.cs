using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Documents;
using Dapr.Voice.Infra.Manifests;

namespace Dapr.Voice.Infra.Checks;

/// <summary>What a rule over the resolved templates looks at, and where it puts what it finds.</summary>
internal sealed class CheckContext(SourceTree tree, string mainPath, Deployment deployment, Scenario scenario, SettingsTable? settings,
    bool isComplete, ICollection<Finding> findings)
{
    private readonly Dictionary<string, ResolvedResource> _byId = deployment.Resources.DistinctBy(r => r.Id)
        .ToDictionary(r => r.Id, StringComparer.OrdinalIgnoreCase);

    public SourceTree Tree => tree;
    public string MainPath => mainPath;
    public Deployment Deployment => deployment;
    public Scenario Scenario => scenario;
    public SettingsTable? Settings => settings;

    /// <summary>The whole product is looked at, so what is missing counts; otherwise only what is there.</summary>
    public bool IsComplete => isComplete;

    /// <summary>Made, not only read.</summary>
    public IEnumerable<ResolvedResource> Made => deployment.Resources;

    public IEnumerable<ResolvedResource> Of(string type) => deployment.Resources.Where(r => r.IsType(type));

    public ResolvedResource? Find(string? id) => id is null ? null : _byId.GetValueOrDefault(id);

    public void Add(Place where, string rule, string message) => findings.Add(Finding.At(where, rule, Severity.Error, message));

    public void Add(Finding finding) => findings.Add(finding);

    /// <summary>For what is nowhere: on the file as a whole.</summary>
    public void AddToFile(string file, string rule, string message) => findings.Add(new Finding(rule, Severity.Error, file, 0, 0, message));
}
