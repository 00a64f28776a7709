using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Documents;
using Dapr.Voice.Infra.Manifests;

namespace Dapr.Voice.Infra.Checks;

/// <summary>What a rule over the resolved templates reads, and where it adds its findings.</summary>
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

    /// <summary>The whole product is checked, so a missing part is a finding. Otherwise only the parts that exist are checked.</summary>
    public bool IsComplete => isComplete;

    /// <summary>The resources that the deployment creates, and not those that it only reads.</summary>
    public IEnumerable<ResolvedResource> Made => deployment.Resources;

    public IEnumerable<ResolvedResource> Of(string type) => deployment.Resources.Where(r => r.IsType(type));

    public ResolvedResource? Find(string? id) => id is null ? null : _byId.GetValueOrDefault(id);

    public void Add(Place where, string rule, string message) => findings.Add(Finding.At(where, rule, Severity.Error, message));

    public void Add(Finding finding) => findings.Add(finding);

    /// <summary>Adds a finding on a whole file, for something that is missing.</summary>
    public void AddToFile(string file, string rule, string message) => findings.Add(new Finding(rule, Severity.Error, file, 0, 0, message));
}
