using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Infra.Bicep.Checking;

/// <summary>A file with its names resolved as far as other files are concerned: what each module and import leads to. Filled by <see cref="ProgramLoader"/>.</summary>
internal sealed class FileModel
{
    private readonly Dictionary<Declaration.Resource, Declaration.Resource> _parents = new(ReferenceEqualityComparer.Instance);

    public FileModel(SourceFile source)
    {
        Source = source;
        foreach (var declaration in source.Declarations)
        {
            if (declaration is Declaration.Output or Declaration.TargetScope or Declaration.Metadata or Declaration.Import) continue;
            Symbols.TryAdd(declaration.Name, declaration);
            if (declaration is Declaration.Resource resource) AddNested(resource);
        }
        Scope = source.Declarations.OfType<Declaration.TargetScope>().FirstOrDefault()?.Value is Expression.String { Literal: { } scope }
            ? scope switch { "subscription" => ScopeKind.Subscription, "managementGroup" => ScopeKind.ManagementGroup, "tenant" => ScopeKind.Tenant, _ => ScopeKind.ResourceGroup }
            : ScopeKind.ResourceGroup;
        Types = new TypeResolver(this);
    }

    public SourceFile Source { get; }

    public string Path => Source.Path;

    public ScopeKind Scope { get; }

    public TypeResolver Types { get; }

    /// <summary>First declaration of each name.</summary>
    public Dictionary<string, Declaration> Symbols { get; } = new(StringComparer.Ordinal);

    /// <summary>Null: the file could not be read; reported already.</summary>
    public Dictionary<Declaration, FileModel?> Files { get; } = new(ReferenceEqualityComparer.Instance);

    public IEnumerable<Declaration.Parameter> Parameters => Source.Declarations.OfType<Declaration.Parameter>();

    public IEnumerable<Declaration.Output> Outputs => Source.Declarations.OfType<Declaration.Output>();

    private void AddNested(Declaration.Resource resource)
    {
        foreach (var child in NestedIn(resource))
        {
            _parents[child] = resource;
            AddNested(child);
        }
    }

    public static IReadOnlyList<Declaration.Resource> NestedIn(Declaration.Resource resource) => Declaration.BodyOf(resource.Value).Body?.Resources ?? [];

    /// <summary>The resource whose body holds this declaration, or null.</summary>
    public Declaration.Resource? ContainerOf(Declaration.Resource resource) => _parents.GetValueOrDefault(resource);

    /// <summary>What an import brings in under this name: the file and the declaration there.</summary>
    public (FileModel File, Declaration Declaration)? Imported(string name)
    {
        foreach (var import in Source.Declarations.OfType<Declaration.Import>())
        {
            foreach (var (original, alias, _) in import.Items)
            {
                if (alias == name && Files.GetValueOrDefault(import) is { } file && file.Symbols.TryGetValue(original, out var declaration)) return (file, declaration);
            }
        }
        return null;
    }

    /// <summary>The file behind <c>import * as name</c>.</summary>
    public FileModel? Wildcard(string name)
        => Source.Declarations.OfType<Declaration.Import>().FirstOrDefault(i => i.Items.Count == 0 && i.Name == name) is { } import ? Files.GetValueOrDefault(import) : null;
}
