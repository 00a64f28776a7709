using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Checks;
using Dapr.Voice.Infra.Documents;
using Dapr.Voice.Infra.Manifests;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Infra.Azd;

/// <summary>
/// Checks <c>azure.yaml</c> against azd's schema, and its paths, services, hooks and variables against the files of the repository.
/// </summary>
internal sealed class AzdProject
{
    public const string Path = "azure.yaml";

    private static readonly Lazy<JsonSchema> Schema = new(() => JsonSchema.Load("azd/azure.yaml.v1.0.schema.json", isClosed: false));

    private static readonly string[] HookNames =
    [
        "preprovision", "postprovision", "preinfracreate", "postinfracreate", "preinfradelete", "postinfradelete", "preup", "postup",
            "predown", "postdown", "predeploy", "postdeploy",
        "prepackage", "postpackage", "prepublish", "postpublish", "prerestore", "postrestore", "prebuild", "postbuild",
    ];

    private readonly SourceDocument _file;

    private AzdProject(SourceDocument file) => _file = file;

    public static AzdProject? Load(SourceTree tree, ICollection<Finding> findings)
        => tree.Text(Path) is { } text && SourceDocument.Load(Path, text, findings) is { } file ? new AzdProject(file) : null;

    /// <summary>The folder of main.bicep. azd's own default is <c>infra</c>.</summary>
    public string InfraPath => Clean(_file.Root.Text("infra", "path") ?? "infra");

    public string Module => _file.Root.Text("infra", "module") ?? "main";

    /// <summary>Returns the variable on which azd's work for a service depends (<c>condition: ${NAME=true}</c>), or null.</summary>
    public string? ConditionOf(string service)
        => Substitution.NamesIn(_file.Root.Text("services", service, "condition") ?? "").FirstOrDefault();

    public IReadOnlyList<string> Services => [.. _file.Root.Entries("services").Select(s => s.Name)];

    public void Check(SourceTree tree, ICollection<Finding> findings)
    {
        foreach (JsonSchema.Problem problem in Schema.Value.Check(_file.Root))
            findings.Add(_file.At(problem.Where, RuleIds.AzdSchema, problem.Message + "."));
        string main = $"{InfraPath}/{Module}.bicep";
        if (!tree.Exists(main))
            findings.Add(_file.At(_file.Root.At("infra") ?? _file.Root, RuleIds.AzdInfraPath, $"There is no '{main}'."));
        foreach ((YamlScalarNode? key, string? name, YamlNode? service) in _file.Root.Entries("services")) CheckService(key, name, service,
            tree, findings);
        CheckHooks(_file.Root.At("hooks"), tree, findings);
        foreach ((YamlScalarNode? key, string? name, YamlNode _) in _file.Root.Entries("hooks")
            .Where(h => !HookNames.Contains(h.Name))) findings.Add(
            _file.At(key, RuleIds.AzdHook, $"azd has no event '{name}', so nothing would run."));
    }

    /// <summary>Checks for what the project needs in addition to what the schema requires.</summary>
    public void CheckComplete(ICollection<Finding> findings)
    {
        foreach (string name in AzdManifest.Services.Where(s => !Services.Contains(s)))
            findings.Add(
                _file.At(_file.Root.At("services") ?? _file.Root, RuleIds.AzdServiceTag, $"The service '{name}' is not deployed."));
        foreach (string name in AzdManifest.Hooks.Where(h => _file.Root.At("hooks", h) is null))
            findings.Add(
                _file.At(_file.Root.At("hooks") ?? _file.Root, RuleIds.AzdHook,
                $"The hook '{name}' is missing: {AzdManifest.WhatItDoes(name)}."));
        foreach ((string path, string? wanted) in AzdManifest.Values)
        {
            if (_file.Root.Text(path.Split('.')) != wanted)
                findings.Add(
                    _file.At(_file.Root.At(path.Split('.')) ?? _file.Root, RuleIds.AzdSchema, $"'{path}' is '{wanted}' in this project."));
        }
        foreach ((YamlScalarNode? key, string? name, YamlNode? service) in _file.Root.Entries("services"))
        {
            foreach ((string path, string? wanted) in AzdManifest.ValuesOf(name))
            {
                if (service.Text(path.Split('.')) != wanted)
                    findings.Add(_file.At(service.At(path.Split('.')) ?? key, RuleIds.AzdSchema, $"'{path}' of '{name}' is '{wanted}'."));
            }
        }
    }

    /// <summary>
    /// A pipeline starts without an environment, so it has to be given every variable of ours that main.parameters.json reads.
    /// </summary>
    public void CheckPipeline(AzdParameters parameters, ICollection<Finding> findings)
    {
        string[] read = [.. parameters.Entries.SelectMany(e => e.Value.AllNodes.OfType<YamlScalarNode>())
            .SelectMany(n => Substitution.NamesIn(n.Value ?? "")).Where(n => !AzdManifest.IsOfAzd(n)).Distinct(StringComparer.Ordinal)];
        foreach ((YamlScalarNode? key, string? name, YamlNode _) in parameters.Entries
            .Where(e => !e.Value.AllNodes.OfType<YamlScalarNode>().SelectMany(n => Substitution.NamesIn(n.Value ?? "")).Any()))
            findings.Add(parameters.File.At(key, RuleIds.AzdParameter,
                $"'{name}' reads no variable, so whoever wants another value has to change a tracked file."));
        var there = _file.Root.Items("pipeline", "variables").Concat(_file.Root.Items("pipeline", "secrets")).ToList();
        foreach (string name in read.Where(n => there.All(v => v.Text() != n)))
            findings.Add(
                _file.At(_file.Root.At("pipeline") ?? _file.Root, RuleIds.AzdVariable,
                $"main.parameters.json reads '{name}', which the pipeline is not given."));
        foreach (YamlNode? variable in there.Where(v => !read.Contains(v.Text())))
            findings.Add(_file.At(variable, RuleIds.AzdVariable, $"main.parameters.json does not read '{variable.Text()}'."));
    }

    /// <summary>Returns each <c>${NAME}</c> of the file with its place.</summary>
    public IEnumerable<(string Name, Finding Place)> Variables()
    {
        foreach (YamlScalarNode node in _file.Root.AllNodes.OfType<YamlScalarNode>())
        {
            foreach (string name in Substitution.NamesIn(node.Value ?? ""))
                yield return (name, _file.At(node, RuleIds.AzdVariable, $"'${{{name}}}' is set by nobody: no output and no variable of "
                    + $"azd has that name."));
        }
    }

    public Finding At(string rule, string message, string? service = null)
    {
        (YamlScalarNode? key, string _, YamlNode _) = _file.Root.Entries("services").FirstOrDefault(s => s.Name == service);
        return _file.At(key ?? _file.Root, rule, message);
    }

    private void CheckService(YamlScalarNode key, string name, YamlNode service, SourceTree tree, ICollection<Finding> findings)
    {
        if (service.At("project") is { } project)
        {
            string folder = Clean(project.Text() ?? "");
            if (!tree.HasFolder(folder) && !tree.Exists(folder))
            {
                findings.Add(_file.At(project, RuleIds.AzdProjectPath, $"'{name}': there is no folder '{folder}'."));
                return;
            }
            // The paths of docker are relative to the project. azd's own default is ./Dockerfile.
            string dockerfile = Clean(Combine(folder, service.Text("docker", "path") ?? "./Dockerfile"));
            bool needsOne = service.Text("language") is "docker" or "js" or "ts" or "python" or null
                || service.At("docker", "path") is not null;
            if (needsOne && !tree.Exists(dockerfile))
                findings.Add(
                    _file.At(service.At("docker", "path") ?? key, RuleIds.AzdProjectPath, $"'{name}': there is no '{dockerfile}'."));
            if (service.At("docker", "context") is { } context && !tree.HasFolder(Clean(Combine(folder, context.Text() ?? ""))))
                findings.Add(
                    _file.At(context, RuleIds.AzdProjectPath,
                    $"'{name}': there is no folder '{Clean(Combine(folder, context.Text() ?? ""))}'."));
        }
        CheckHooks(service.At("hooks"), tree, findings);
    }

    // A shell script runs on one system only, and azd runs on all of them. So hooks are C# files. azd runs a C# file by itself if there is
    // no project file above it.
    private void CheckHooks(YamlNode? hooks, SourceTree tree, ICollection<Finding> findings)
    {
        foreach ((YamlScalarNode? key, string? name, YamlNode? hook) in hooks.Entries())
        {
            YamlNode? run = hook.At("run");
            string path = Clean(run?.Text() ?? "");
            if (run is null || !path.EndsWith(".cs", StringComparison.Ordinal) || !tree.Exists(path))
            {
                findings.Add(_file.At(run ?? key, RuleIds.AzdHook, $"'{name}' runs no C# file of this repository: '{path}'."));
                continue;
            }
            if (hook.Text("interactive") != "true")
                findings.Add(_file.At(run, RuleIds.AzdHook, $"'{name}' needs 'interactive: true': azd erases what other hooks print."));
            if (hook.Text("kind") is { } kind && kind != "dotnet")
                findings.Add(_file.At(hook.At("kind")!, RuleIds.AzdHook, $"The kind of '{name}' is dotnet."));
            foreach (string folder in FoldersOf(path))
            {
                if (tree.Under(folder, "proj").FirstOrDefault(p => Parent(p) == folder) is { } project)
                    findings.Add(_file.At(run, RuleIds.AzdHook, $"azd would run '{project}' and not '{path}'."));
            }
        }
    }

    private static string Parent(string path) => path.LastIndexOf('/') is >= 0 and int slash ? path[..slash] : "";

    private static IEnumerable<string> FoldersOf(string path)
    {
        for (string folder = Parent(path); folder.Length > 0; folder = Parent(folder)) yield return folder;
    }

    private static string Combine(string folder, string path)
        => path.StartsWith("./", StringComparison.Ordinal) || !path.StartsWith('/') ? $"{folder}/{path}" : path;

    /// <summary>Returns a path without <c>.</c>, <c>..</c> and slashes at its ends.</summary>
    private static string Clean(string path)
    {
        var steps = new List<string>();
        foreach (string step in path.Replace('\\', '/').Split('/'))
        {
            if (step is "" or ".") continue;
            if (step == ".." && steps.Count > 0) steps.RemoveAt(steps.Count - 1);
            else steps.Add(step);
        }
        return steps.Count == 0 ? "." : string.Join('/', steps);
    }
}
