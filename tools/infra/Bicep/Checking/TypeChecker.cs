using System.Runtime.CompilerServices;
using Dapr.Voice.Infra.Bicep.Evaluation;
using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Infra.Bicep.Checking;

/// <summary>
/// What Bicep's compiler and linter say of a file before any value is known: names, types, placement of loops, what must be known at the start of the deployment,
/// cycles, scopes, unused declarations. Bodies of resources are not checked against their schemas here.
/// </summary>
internal sealed class TypeChecker
{
    private readonly FileModel _file;
    private readonly List<Finding> _findings = [];
    private readonly Dictionary<Declaration, BicepType> _variables = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<string> _used = [];

    /// <summary>Symbols that each declaration names, in order: the graph for cycles and for dependsOn.</summary>
    private readonly Dictionary<string, HashSet<string>> _edges = [];

    private string? _current;
    private int _depth;
    private int _quiet;

    private TypeChecker(FileModel file) => _file = file;

    private sealed record Local(Local? Outer, string Name, BicepType Type)
    {
        public static BicepType? Find(Local? scope, string name)
        {
            for (; scope is not null; scope = scope.Outer)
            {
                if (scope.Name == name) return scope.Type;
            }
            return null;
        }
    }

    public static IReadOnlyList<Finding> Check(FileModel file)
    {
        var checker = new TypeChecker(file);
        checker.Run();
        return checker._findings;
    }

    private void Report(SourceSpan where, string rule, string message, Severity severity = Severity.Error)
    {
        if (_quiet == 0) _findings.Add(Finding.At(where, rule, severity, message));
    }

    private void Warn(SourceSpan where, string rule, string message) => Report(where, rule, message, Severity.Warning);

    private void Run()
    {
        Duplicates();
        foreach (var declaration in _file.Source.Declarations)
        {
            _current = declaration is Declaration.Output or Declaration.Metadata or Declaration.TargetScope ? null : declaration.Name;
            if (_current is not null) _edges.TryAdd(_current, []);
            Decorators(declaration);
            switch (declaration)
            {
                case Declaration.TargetScope scope:
                    if (scope.Value is not Expression.String { Literal: "resourceGroup" or "subscription" or "managementGroup" or "tenant" }) Report(scope.Value.Where, "BCP033", "targetScope is 'resourceGroup', 'subscription', 'managementGroup' or 'tenant'.");
                    break;
                case Declaration.Metadata metadata: Infer(metadata.Value, null); break;
                case Declaration.Parameter parameter: Parameter(parameter); break;
                case Declaration.Variable variable:
                    if (variable.Type is not null)
                    {
                        Types(variable.Type);
                        Assign(_file.Types.Of(variable.Type), variable.Value, null, $"Variable '{variable.Name}'");
                    }
                    else
                    {
                        Infer(variable.Value, null);
                    }
                    LoopPlaces(variable.Value, isTop: true, inProperty: false, canNest: false);
                    break;
                case Declaration.Resource resource: Resource(resource, null, null); break;
                case Declaration.Module module: Module(module); break;
                case Declaration.Output output:
                    Types(output.Type);
                    Assign(_file.Types.Of(output), output.Value, null, $"Output '{output.Name}'");
                    LoopPlaces(output.Value, isTop: true, inProperty: false, canNest: false);
                    break;
                case Declaration.TypeAlias alias: Types(alias.Value); break;
                case Declaration.Function function: Function(function); break;
                case Declaration.Import import: Import(import); break;
            }
        }
        Cycles();
        Unused();
    }

    // ---- declarations ----

    private void Duplicates()
    {
        HashSet<string> names = [], outputs = [];
        int scopes = 0;
        foreach (var declaration in _file.Source.Declarations)
        {
            bool isFirst = declaration switch
            {
                Declaration.Output => outputs.Add(declaration.Name),
                Declaration.Metadata or Declaration.Import => true,
                Declaration.TargetScope => ++scopes == 1,
                _ => names.Add(declaration.Name),
            };
            if (!isFirst) Report(declaration.NameWhere, declaration is Declaration.Output ? "BCP145" : declaration is Declaration.TargetScope ? "BCP112" : "BCP028", $"'{declaration.Name}' is declared more than once.");
        }
    }

    private static readonly Dictionary<string, (int Minimum, int Maximum, string Targets)> Known = new()
    {
        ["description"] = (1, 1, "param var resource module output type func member metadata"),
        ["metadata"] = (1, 1, "param output type member func"),
        ["allowed"] = (1, 1, "param"),
        ["secure"] = (0, 0, "param output type member"),
        ["minLength"] = (1, 1, "param output type member"),
        ["maxLength"] = (1, 1, "param output type member"),
        ["minValue"] = (1, 1, "param output type member"),
        ["maxValue"] = (1, 1, "param output type member"),
        ["sealed"] = (0, 0, "param output type member"),
        ["discriminator"] = (1, 1, "param output type member"),
        ["export"] = (0, 0, "var type func"),
        ["batchSize"] = (1, 1, "resource module"),
        ["onlyIfNotExists"] = (0, 0, "resource"),
    };

    private void Decorators(Declaration declaration)
    {
        string target = declaration switch
        {
            Declaration.Parameter => "param",
            Declaration.Variable => "var",
            Declaration.Resource => "resource",
            Declaration.Module => "module",
            Declaration.Output => "output",
            Declaration.TypeAlias => "type",
            Declaration.Function => "func",
            _ => "none",
        };
        var type = declaration switch { Declaration.Parameter p => _file.Types.Of(p.Type), Declaration.Output o => _file.Types.Of(o.Type), Declaration.TypeAlias t => _file.Types.Of(t.Value), _ => BicepType.Anything };
        bool isLoop = declaration is Declaration.Resource { Value: Expression.For } or Declaration.Module { Value: Expression.For };
        Decorators(declaration.Decorators, target, type, isLoop);
    }

    private void Decorators(IReadOnlyList<Decorator> decorators, string target, BicepType type, bool isLoop)
    {
        HashSet<string> seen = [];
        foreach (var decorator in decorators)
        {
            foreach (var argument in decorator.Arguments) Infer(argument, null);
            if (decorator.Namespace is not (null or "sys") || !Known.TryGetValue(decorator.Name, out var known))
            {
                bool isReal = decorator.Name is "waitUntil" or "retryOn" or "validate" or "allowedValues";
                Report(decorator.Where, isReal ? Rules.NotSupported : "BCP057", $"There is no decorator '{decorator.Name}'{(isReal ? " in our reader" : "")}.{Suggest.Text(decorator.Name, Known.Keys)}");
                continue;
            }
            if (!seen.Add(decorator.Name)) Report(decorator.Where, "BCP166", $"'@{decorator.Name}' stands here twice.");
            if (!known.Targets.Split(' ').Contains(target))
            {
                Report(decorator.Where, "BCP124", $"'@{decorator.Name}' can't be used on this declaration; it goes on: {known.Targets}.");
                continue;
            }
            if (decorator.Arguments.Count < known.Minimum || decorator.Arguments.Count > known.Maximum)
            {
                Report(decorator.Where, "BCP071", $"'@{decorator.Name}' takes {known.Minimum} arguments, not {decorator.Arguments.Count}.");
                continue;
            }
            var basis = type.WithoutNull.Resolved;
            bool fits = decorator.Name switch
            {
                "minValue" or "maxValue" => basis is BicepType.Integer or BicepType.Any,
                "minLength" or "maxLength" => basis is BicepType.String or BicepType.Array or BicepType.Tuple or BicepType.Any,
                "secure" => basis is BicepType.String or BicepType.Object or BicepType.Any or BicepType.Union,
                "batchSize" => isLoop,
                _ => true,
            };
            if (!fits) Report(decorator.Where, decorator.Name == "batchSize" ? "BCP154" : "BCP124", decorator.Name == "batchSize" ? "'@batchSize' goes on a loop." : $"'@{decorator.Name}' does not fit the type '{type}'.");
            if (decorator.Name is "minValue" or "maxValue" or "minLength" or "maxLength" or "batchSize" && decorator.Arguments[0] is not Expression.Integer) Report(decorator.Arguments[0].Where, "BCP032", "The value must be a literal integer.");
            if (decorator.Name == "description" && decorator.Arguments[0] is not Expression.String { Literal: not null }) Report(decorator.Arguments[0].Where, "BCP032", "The description must be a string without holes.");
            if (decorator.Name == "allowed")
            {
                if (decorator.Arguments[0] is not Expression.Array allowed) Report(decorator.Arguments[0].Where, "BCP070", "'@allowed' takes an array of literals.");
                else if (allowed.Items.Count == 0) Report(allowed.Where, "BCP099", "'@allowed' must allow something.");
                else
                {
                    var of = basis is BicepType.Array list ? list.Item : basis;
                    foreach (var item in allowed.Items)
                    {
                        if (item is not (Expression.String { Literal: not null } or Expression.Integer or Expression.Boolean or Expression.Object or Expression.Array or Expression.Null)) Report(item.Where, "BCP032", "Allowed values are literals.");
                        else if (item is not (Expression.Object or Expression.Array)) Fit(of, Quiet(item), item.Where, "The allowed value");
                    }
                }
            }
        }
    }

    private BicepType Quiet(Expression expression)
    {
        _quiet++;
        var type = Infer(expression, null);
        _quiet--;
        return type;
    }

    private void Parameter(Declaration.Parameter parameter)
    {
        Types(parameter.Type);
        var type = _file.Types.Of(parameter);
        if (parameter.Default is not { } value) return;
        if (value is Expression.For) Report(value.Where, "BCP138", "A loop can't be a parameter's default.");
        bool isSafeDefault = value is Expression.String { Literal: "" } or Expression.Call { Function: "newGuid" } or Expression.Object { Properties.Count: 0 } || (value is Expression.Name);
        if (type.IsSecure && !isSafeDefault) Report(value.Where, "secure-parameter-default", "A secure parameter has no default but the empty string or newGuid(): the default is readable in the template.", Severity.Warning);
        _isParameterDefault = true;
        Assign(type, value, null, $"The default of '{parameter.Name}'");
        _isParameterDefault = false;
    }

    private bool _isParameterDefault;

    private void Function(Declaration.Function function)
    {
        Local? scope = null;
        foreach (var (name, _, type) in function.Parameters)
        {
            Types(type);
            scope = new Local(scope, name, _file.Types.Of(type));
        }
        Types(function.Returns);
        Assign(_file.Types.Of(function.Returns), function.Body, scope, $"Function '{function.Name}'");
    }

    private void Import(Declaration.Import import)
    {
        if (_file.Files.GetValueOrDefault(import) is not { } other) return;
        foreach (var (original, _, where) in import.Items)
        {
            if (!other.Symbols.TryGetValue(original, out var there) || !there.Decorators.Any(d => d.Name == "export")) Report(where, "BCP360", $"'{other.Path}' exports no '{original}'.");
        }
    }

    private void Types(TypeExpression type)
    {
        switch (type)
        {
            case TypeExpression.Named named:
                if (_file.Symbols.TryGetValue(named.Name, out var symbol) && symbol is Declaration.TypeAlias)
                {
                    Use(named.Name);
                    return;
                }
                if (TypeResolver.Primitives.ContainsKey(named.Name) || _file.Imported(named.Name) is { Declaration: Declaration.TypeAlias }) return;
                string[] known = [.. TypeResolver.Primitives.Keys, .. _file.Symbols.Values.OfType<Declaration.TypeAlias>().Select(t => t.Name)];
                Report(named.Where, "BCP302", $"There is no type '{named.Name}'.{Suggest.Text(named.Name, known)}");
                break;
            case TypeExpression.Array array: Types(array.Item); break;
            case TypeExpression.Nullable nullable: Types(nullable.Inner); break;
            case TypeExpression.NonNull present: Types(present.Inner); break;
            case TypeExpression.ItemsOf items: Types(items.Target); break;
            case TypeExpression.Property { Target: TypeExpression.Named { Name: "sys" } } property:
                if (!TypeResolver.Primitives.ContainsKey(property.Name)) Report(property.NameWhere, "BCP302", $"There is no type 'sys.{property.Name}'.");
                break;
            case TypeExpression.Property { Target: TypeExpression.Named space } when _file.Wildcard(space.Name) is not null: break;
            case TypeExpression.Property property:
                Types(property.Target);
                if (_file.Types.Of(property.Target).Resolved is BicepType.Object shape && shape.Find(property.Name) is null) Report(property.NameWhere, "BCP053", $"The type has no property '{property.Name}'.");
                break;
            case TypeExpression.Union union:
                foreach (var member in union.Members) Types(member);
                break;
            case TypeExpression.Tuple tuple:
                foreach (var (decorators, item) in tuple.Items)
                {
                    Types(item);
                    Decorators(decorators, "member", _file.Types.Of(item), false);
                }
                break;
            case TypeExpression.Object map:
                HashSet<string> names = [];
                foreach (var member in map.Members)
                {
                    if (!names.Add(member.Name)) Report(member.Where, "BCP025", $"The property '{member.Name}' is declared twice.");
                    Types(member.Type);
                    Decorators(member.Decorators, "member", _file.Types.Of(member.Type), false);
                }
                if (map.Additional is not null) Types(map.Additional);
                break;
        }
    }

    // ---- resources and modules ----

    private void Resource(Declaration.Resource resource, Local? scope, Declaration.Resource? container)
    {
        if (container is not null) Decorators(resource);
        string[] type = (resource.Type.Literal ?? "").Split('@');
        bool isWhole = type[0].Contains('/');
        if (resource.Type.Literal is not null && ((container is null && (!isWhole || type.Length != 2)) || type.Length > 2 || type.Any(t => t.Length == 0)))
        {
            Report(resource.Type.Where, "BCP029", "The resource type is not valid. Write 'Provider/types@version'.");
        }
        if (container is not null && isWhole) Report(resource.Type.Where, "BCP156", $"'{type[0]}' is not valid for a nested resource: write the last segment of the type alone.");
        var (loop, condition, body) = Declaration.BodyOf(resource.Value);
        if (container is { Value: Expression.For }) Report(resource.NameWhere, "BCP160", "A nested resource can't stand inside of a loop. Use 'parent:'.");
        scope = Head(loop, condition, scope);
        if (body is null) return;
        var inner = scope;
        foreach (var child in body.Resources) inner = new Local(inner, child.Name, new BicepType.Resource(child) is var childType && child.Value is Expression.For ? new BicepType.Collection(childType) : childType);
        Properties(body);
        if (body.Find("name") is null) Report(resource.NameWhere, "BCP035", "The resource lacks the property 'name'.");
        bool hasParent = body.Find("parent") is not null;
        foreach (var property in body.Properties)
        {
            switch (property.Name)
            {
                case "dependsOn": DependsOn(property.Value, inner, body); break;
                case "parent":
                    var parent = Infer(property.Value, inner).WithoutNull.Resolved;
                    if (parent is not (BicepType.Resource or BicepType.Any)) Report(property.Value.Where, "BCP036", "The parent must be a resource.");
                    if (parent is BicepType.Resource { Declaration: var above } && (above.Type.Literal ?? "").Split('@')[0] is var aboveType && isWhole && !IsNested(above)
                        && (!type[0].StartsWith(aboveType + "/", StringComparison.OrdinalIgnoreCase) || type[0][(aboveType.Length + 1)..].Contains('/')))
                    {
                        Report(property.Value.Where, "BCP036", $"'{type[0]}' is no child of '{aboveType}'.");
                    }
                    break;
                case "scope":
                    ScopeOf(resource, property.Value, inner);
                    AtStart(property.Value, inner, "scope");
                    break;
                case "name":
                    Assign(BicepType.Text, property.Value, inner, "The name");
                    AtStart(property.Value, inner, "name");
                    if (property.Value is Expression.String { Literal: { } name } && name.Contains('/') && (hasParent || container is not null)) Report(property.Value.Where, "BCP170", "With a parent the name is the last segment alone: no '/'.");
                    if (isWhole && !hasParent && container is null && property.Value is Expression.String { Literal: { } whole } && whole.Count(c => c == '/') != type[0].Count(c => c == '/') - 1)
                    {
                        Report(property.Value.Where, "BCP169", $"'{type[0]}' needs a name of {type[0].Count(c => c == '/')} segments, or a parent.");
                    }
                    break;
                default:
                    InferValue(property, inner);
                    break;
            }
        }
        LoopPlaces(resource.Value, isTop: true, inProperty: false, canNest: true);
        if (body.Find("scope") is null && !hasParent && container is null) Deployable(resource, type[0]);
        foreach (var child in body.Resources) Resource(child, inner, resource);
    }

    private bool IsNested(Declaration.Resource resource) => _file.ContainerOf(resource) is not null;

    /// <summary>Loop and condition before a body; gives the names the body sees.</summary>
    private Local? Head(Expression.For? loop, Expression? condition, Local? scope)
    {
        if (loop is not null)
        {
            scope = Round(loop, scope);
            AtStart(loop.Source, scope, "for");
        }
        if (condition is not null)
        {
            Assign(BicepType.Truth, condition, scope, "The condition");
            AtStart(condition, scope, "if");
        }
        return scope;
    }

    private void InferValue(Expression.ObjectProperty property, Local? scope)
    {
        // A key that is computed has to be a string: its holes are looked at, the string itself is not to be simplified.
        if (property.Key is { Literal: null } key) foreach (var hole in key.Holes) Infer(hole, scope);
        Infer(property.Value, scope);
    }

    private void DependsOn(Expression value, Local? scope, Expression.Object body)
    {
        Infer(value, scope);
        if (value is not Expression.Array list) return;
        _quiet++;
        HashSet<string> implied = [];
        var keep = _current is null ? null : _edges.GetValueOrDefault(_current);
        if (_current is not null) _edges[_current] = implied;
        foreach (var property in body.Properties.Where(p => p.Name is not ("dependsOn" or "name"))) Infer(property.Value, scope);
        if (_current is not null && keep is not null) _edges[_current] = keep;
        _quiet--;
        foreach (var item in list.Items)
        {
            var type = Infer(item, scope).WithoutNull.Resolved;
            if (type is not (BicepType.Resource or BicepType.Module or BicepType.Collection or BicepType.Any or BicepType.Union)) Report(item.Where, "BCP036", "dependsOn lists resources and modules.");
            // Reached through variables as well as directly.
            if (item is Expression.Name name && Reaches(implied, name.Text)) Warn(item.Where, "no-unnecessary-dependson", $"'{name.Text}' comes first anyway: the body refers to it.");
        }
    }

    private bool Reaches(HashSet<string> from, string name)
        => from.Contains(name) || from.Any(f => _file.Symbols.GetValueOrDefault(f) is Declaration.Variable && _edges.TryGetValue(f, out var next) && next.Contains(name));

    private void Properties(Expression.Object map)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (var property in map.Properties)
        {
            if (property.Name is not { } name) continue;
            if (!names.Add(name)) Report(property.Where, "BCP025", $"The property '{name}' is declared more than once in this object.");
            if (property.IsQuoted && name.Length > 0 && (char.IsAsciiLetter(name[0]) || name[0] == '_') && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && name is not ("true" or "false" or "null"))
            {
                Warn(property.Where, "prefer-unquoted-property-names", $"The property name '{name}' needs no quotes.");
            }
        }
    }

    private void Module(Declaration.Module module)
    {
        var (loop, condition, body) = Declaration.BodyOf(module.Value);
        var scope = Head(loop, condition, null);
        LoopPlaces(module.Value, isTop: true, inProperty: false, canNest: true);
        if (body is null) return;
        Properties(body);
        var file = _file.Files.GetValueOrDefault(module);
        foreach (var property in body.Properties)
        {
            switch (property.Name)
            {
                case "name":
                    Assign(BicepType.Text, property.Value, scope, "The module's name");
                    AtStart(property.Value, scope, "name");
                    break;
                case "scope":
                    ModuleScope(property.Value, scope, file);
                    AtStart(property.Value, scope, "scope");
                    break;
                case "dependsOn": DependsOn(property.Value, scope, body); break;
                case "params": Parameters(module, property.Value, scope, file); break;
                case "identity" or "extensionConfigs": Report(property.Where, Rules.NotSupported, $"'{property.Name}' of a module is not supported by our reader."); break;
                default:
                    Infer(property.Value, scope);
                    Report(property.Where, "BCP037", $"A module has no property '{property.Name}': name, scope, params, dependsOn.");
                    break;
            }
        }
        if (file is null) return;
        if (body.Find("params") is null && file.Parameters.Where(p => IsRequired(file, p)).Select(p => p.Name).ToArray() is { Length: > 0 } missing)
        {
            Report(module.NameWhere, "BCP035", $"The module lacks 'params' with: {string.Join(", ", missing)}.");
        }
        if (body.Find("scope") is null && file.Scope != _file.Scope) Report(module.NameWhere, "BCP134", $"'{module.Path.Literal}' is for a {Words(file.Scope)}, this file for a {Words(_file.Scope)}: the module needs a 'scope'.");
    }

    private static bool IsRequired(FileModel file, Declaration.Parameter parameter) => parameter.Default is null && (!file.Types.Of(parameter).IsNullable || file.Types.Of(parameter).Resolved is BicepType.Any);

    private static string Words(ScopeKind kind) => kind switch { ScopeKind.ResourceGroup => "resource group", ScopeKind.Subscription => "subscription", ScopeKind.ManagementGroup => "management group", _ => "tenant" };

    private void Parameters(Declaration.Module module, Expression value, Local? scope, FileModel? file)
    {
        if (value is not Expression.Object given || file is null)
        {
            Infer(value, scope);
            return;
        }
        Properties(given);
        bool hasSpread = false;
        foreach (var property in given.Properties)
        {
            if (property.Name is not { } name)
            {
                hasSpread = true;
                InferValue(property, scope);
                continue;
            }
            if (file.Parameters.FirstOrDefault(p => p.Name == name) is not { } parameter)
            {
                Infer(property.Value, scope);
                Report(property.Where, "BCP037", $"'{module.Path.Literal}' has no parameter '{name}'.{Suggest.Text(name, file.Parameters.Select(p => p.Name))}");
                continue;
            }
            var type = file.Types.Of(parameter);
            bool isSecret = property.Value is Expression.Call { Function: "getSecret", Target: not null };
            if (isSecret && !type.IsSecure) Report(property.Value.Where, "BCP180", $"getSecret() goes into a @secure() parameter, and '{name}' is none.");
            // Null stands for the default.
            if (parameter.Default is not null) type = type.OrNull;
            _mayGetSecret = isSecret;
            Assign(type, property.Value, scope, $"Parameter '{name}'");
            _mayGetSecret = false;
        }
        if (hasSpread) return;
        string[] missing = [.. file.Parameters.Where(p => IsRequired(file, p) && given.Properties.All(g => g.Name != p.Name)).Select(p => p.Name)];
        if (missing.Length > 0) Report(given.Where, "BCP035", $"The params of '{module.Name}' lack: {string.Join(", ", missing)}.");
    }

    private bool _mayGetSecret;

    // ---- scopes ----

    /// <summary>Types that a subscription takes; all else that we know of lives in resource groups.</summary>
    private static readonly string[] OnSubscriptions = ["Microsoft.Resources/", "Microsoft.Authorization/", "Microsoft.Consumption/budgets", "Microsoft.Security/", "Microsoft.PolicyInsights/", "Microsoft.Insights/diagnosticSettings", "Microsoft.CostManagement/", "Microsoft.Management/", "Microsoft.Subscription/", "Microsoft.Advisor/", "Microsoft.Features/", "Microsoft.Quota/", "Microsoft.Insights/activityLogAlerts"];

    private void Deployable(Declaration.Resource resource, string type)
    {
        bool isGroup = string.Equals(type, "Microsoft.Resources/resourceGroups", StringComparison.OrdinalIgnoreCase);
        if (isGroup && _file.Scope != ScopeKind.Subscription) Report(resource.NameWhere, "BCP135", $"A resource group is made in a subscription, not in a {Words(_file.Scope)}: set targetScope, or move it to a module with scope: subscription().");
        if (_file.Scope != ScopeKind.ResourceGroup && !isGroup && type.Contains('/') && !OnSubscriptions.Any(p => type.StartsWith(p, StringComparison.OrdinalIgnoreCase)))
        {
            Report(resource.NameWhere, "BCP135", $"'{type}' lives in a resource group, and this file is for a {Words(_file.Scope)}: {(resource.IsExisting ? "give it a 'scope'" : "move it to a module with a 'scope'")}.");
        }
    }

    private void ScopeOf(Declaration.Resource resource, Expression value, Local? scope)
    {
        var type = Infer(value, scope).WithoutNull.Resolved;
        switch (type)
        {
            case BicepType.Any: return;
            case BicepType.Resource { Declaration: var target }:
                bool isGroup = (target.Type.Literal ?? "").StartsWith("Microsoft.Resources/resourceGroups@", StringComparison.OrdinalIgnoreCase);
                if (isGroup && !resource.IsExisting) Report(value.Where, "BCP139", "A resource is deployed where its file is. Use a module to deploy into another resource group.");
                return;
            case BicepType.Scope there:
                if (resource.IsExisting || there.Kind == ScopeKind.Tenant) return;
                if (there.Kind != _file.Scope || value is Expression.Call { Arguments.Count: > 0 }) Report(value.Where, "BCP139", "A resource is deployed where its file is. Use a module to deploy elsewhere.");
                return;
            default:
                Report(value.Where, "BCP036", $"A scope is a resource, or what resourceGroup() and its like give, not '{type}'.");
                return;
        }
    }

    private void ModuleScope(Expression value, Local? scope, FileModel? file)
    {
        var type = Infer(value, scope).WithoutNull.Resolved;
        ScopeKind kind;
        switch (type)
        {
            case BicepType.Any or BicepType.Union: return;
            case BicepType.Scope there: kind = there.Kind; break;
            case BicepType.Resource { Declaration.Type.Literal: { } literal } when literal.StartsWith("Microsoft.Resources/resourceGroups@", StringComparison.OrdinalIgnoreCase): kind = ScopeKind.ResourceGroup; break;
            default:
                Report(value.Where, "BCP036", $"A module's scope is a resource group, or what resourceGroup() and its like give, not '{type}'.");
                return;
        }
        if (file is not null && file.Scope != kind) Report(value.Where, "BCP134", $"The module is for a {Words(file.Scope)}, the scope is a {Words(kind)}.");
    }

    // ---- loops and what must be known early ----

    /// <summary>A loop stands as a whole value, or as the value of one property in a resource or module; two levels of the latter don't compile.</summary>
    private void LoopPlaces(Expression expression, bool isTop, bool inProperty, bool canNest)
    {
        switch (expression)
        {
            case Expression.For loop:
                if (!isTop && inProperty) Report(loop.Keyword, "BCP142", "Loops over properties can't be nested; use map().");
                if (!isTop && !canNest) Report(loop.Keyword, "BCP138", "A loop can't stand here: only as the value of a resource, module, variable or output, or of a property in a resource or module. Use map().");
                LoopPlaces(loop.Source, false, inProperty, false);
                LoopPlaces(loop.Body is Expression.If guarded ? guarded.Body : loop.Body, false, inProperty || !isTop, loop.Body is Expression.Object or Expression.If && canNest);
                break;
            case Expression.If conditional: LoopPlaces(conditional.Body, false, inProperty, canNest); break;
            case Expression.Object map:
                foreach (var property in map.Properties)
                {
                    if (property.Value is Expression.For inner && canNest)
                    {
                        if (inProperty) Report(inner.Keyword, "BCP142", "Loops over properties can't be nested; use map().");
                        LoopPlaces(inner.Body, false, true, true);
                    }
                    else
                    {
                        LoopPlaces(property.Value, false, inProperty, canNest && property.Value is Expression.Object or Expression.Array);
                    }
                }
                break;
            case Expression.Array array:
                foreach (var item in array.Items)
                {
                    if (item is Expression.For nested) LoopPlaces(nested, false, false, false);
                    else LoopPlaces(item, false, inProperty, canNest && item is Expression.Object or Expression.Array);
                }
                break;
            default:
                foreach (var child in Children(expression)) LoopPlaces(child, false, inProperty, false);
                break;
        }
    }

    private static IEnumerable<Expression> Children(Expression expression) => expression switch
    {
        Expression.String text => text.Holes,
        Expression.Unary unary => [unary.Operand],
        Expression.Binary binary => [binary.Left, binary.Right],
        Expression.Ternary ternary => [ternary.Condition, ternary.True, ternary.False],
        Expression.Parenthesized inner => [inner.Inner],
        Expression.Property property => [property.Target],
        Expression.Indexed indexed => [indexed.Target, indexed.At],
        Expression.Nested nested => [nested.Target],
        Expression.NonNull present => [present.Target],
        Expression.Call call => call.Target is null ? call.Arguments : [call.Target, .. call.Arguments],
        Expression.Lambda lambda => [lambda.Body],
        Expression.Array array => array.Items,
        Expression.Spread spread => [spread.Value],
        Expression.Object map => map.Properties.SelectMany(p => p.Key is null ? [p.Value] : new Expression[] { p.Key, p.Value }),
        Expression.For loop => [loop.Source, loop.Body],
        Expression.If conditional => [conditional.Condition, conditional.Body],
        _ => [],
    };

    private static readonly HashSet<string> KnownAtStart = ["id", "name", "type", "apiVersion"];

    private void AtStart(Expression expression, Local? scope, string property)
    {
        if (RuntimeUse(expression, scope, []) is not { } use) return;
        Report(use.Where, property is "for" ? "BCP178" : "BCP120", $"'{property}' must be known at the start of the deployment; {use.What} is not. Known of a resource are id, name, type and apiVersion.");
    }

    /// <summary>The first thing in an expression that only the deployment knows, looked for through variables.</summary>
    private (SourceSpan Where, string What)? RuntimeUse(Expression expression, Local? scope, HashSet<string> visited)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) return null;
        switch (expression)
        {
            case Expression.Property { Target: var target } property when SymbolBehind(target, scope) is { } type:
                if (type is BicepType.Resource && KnownAtStart.Contains(property.Member)) return IndexUse(target);
                if (type is BicepType.Module && property.Member == "name") return IndexUse(target);
                if (type is BicepType.Resource or BicepType.Module) return (property.Where, $"'{property.Member}' of '{NameOf(target)}'");
                break;
            case Expression.Call { Target: { } target } call when SymbolBehind(target, scope) is BicepType.Resource:
                return (call.Where, $"{call.Function}()");
            case Expression.Name name when Local.Find(scope, name.Text) is null && _file.Symbols.GetValueOrDefault(name.Text) is Declaration.Variable variable && visited.Add(name.Text):
                return RuntimeUse(variable.Value, null, visited) is { } deep ? (name.Where, $"{deep.What} (through '{name.Text}')") : null;
        }
        foreach (var child in Children(expression))
        {
            if (RuntimeUse(child, scope, visited) is { } found) return found;
        }
        return null;

        (SourceSpan, string)? IndexUse(Expression target) => target is Expression.Indexed indexed ? RuntimeUse(indexed.At, scope, visited) : null;
    }

    private static string NameOf(Expression expression) => expression switch
    {
        Expression.Name name => name.Text,
        Expression.Indexed indexed => NameOf(indexed.Target),
        Expression.Nested nested => nested.Member,
        Expression.NonNull present => NameOf(present.Target),
        Expression.Parenthesized inner => NameOf(inner.Inner),
        _ => "it",
    };

    /// <summary>The resource or module that an expression names, or null.</summary>
    private BicepType? SymbolBehind(Expression expression, Local? scope)
    {
        switch (expression)
        {
            case Expression.Name name:
                var type = Local.Find(scope, name.Text) ?? _file.Symbols.GetValueOrDefault(name.Text) switch
                {
                    Declaration.Resource resource => new BicepType.Resource(resource),
                    Declaration.Module module => new BicepType.Module(module),
                    _ => null,
                };
                return type is BicepType.Resource or BicepType.Module ? type : null;
            case Expression.Indexed indexed: return SymbolBehind(indexed.Target, scope);
            case Expression.NonNull present: return SymbolBehind(present.Target, scope);
            case Expression.Parenthesized inner: return SymbolBehind(inner.Inner, scope);
            case Expression.Nested nested:
                return SymbolBehind(nested.Target, scope) is BicepType.Resource parent && FileModel.NestedIn(parent.Declaration).FirstOrDefault(n => n.Name == nested.Member) is { } child ? new BicepType.Resource(child) : null;
            default: return null;
        }
    }

    // ---- names ----

    private void Use(string name)
    {
        _used.Add(name);
        if (_current is not null) _edges[_current].Add(name);
    }

    private void Unused()
    {
        foreach (var declaration in _file.Source.Declarations)
        {
            if (_used.Contains(declaration.Name) || declaration.Decorators.Any(d => d.Name == "export")) continue;
            switch (declaration)
            {
                case Declaration.Parameter: Warn(declaration.NameWhere, "no-unused-params", $"Parameter '{declaration.Name}' is declared but never used."); break;
                case Declaration.Variable: Warn(declaration.NameWhere, "no-unused-vars", $"Variable '{declaration.Name}' is declared but never used."); break;
                case Declaration.Resource { IsExisting: true } resource when FileModel.NestedIn(resource).Count == 0: Warn(declaration.NameWhere, "no-unused-existing-resources", $"Existing resource '{declaration.Name}' is declared but never used."); break;
            }
        }
    }

    private void Cycles()
    {
        // Depth first with a stack of our own: a chain may be as long as the file.
        Dictionary<string, int> state = [];
        foreach (string start in _edges.Keys)
        {
            if (state.ContainsKey(start)) continue;
            List<(string Name, IEnumerator<string> Next)> path = [(start, Next(start))];
            state[start] = 1;
            while (path.Count > 0)
            {
                var (name, next) = path[^1];
                if (!next.MoveNext())
                {
                    state[name] = 2;
                    path.RemoveAt(path.Count - 1);
                    continue;
                }
                if (state.GetValueOrDefault(next.Current) == 1)
                {
                    string[] cycle = [.. path.Select(p => p.Name).SkipWhile(n => n != next.Current)];
                    if (_file.Symbols.TryGetValue(next.Current, out var first) && first is not Declaration.TypeAlias)
                    {
                        Report(first.NameWhere, cycle.Length == 1 ? "BCP079" : "BCP080", cycle.Length == 1 ? $"'{first.Name}' refers to itself." : $"The expression is involved in a cycle ({string.Join(" -> ", cycle.Select(c => $"\"{c}\""))}).");
                    }
                }
                else if (state.TryAdd(next.Current, 1))
                {
                    path.Add((next.Current, Next(next.Current)));
                }
            }
        }

        IEnumerator<string> Next(string name) => (_edges.TryGetValue(name, out var targets) ? targets : []).GetEnumerator();
    }

    // ---- types of expressions ----

    private BicepType Infer(Expression expression, Local? scope)
    {
        if (_depth > 400 || !RuntimeHelpers.TryEnsureSufficientExecutionStack()) return BicepType.Anything;
        _depth++;
        var type = InferInside(expression, scope);
        _depth--;
        return type;
    }

    private BicepType InferInside(Expression expression, Local? scope)
    {
        switch (expression)
        {
            case Expression.String { Literal: { } text }:
                Hardcoded(expression.Where, text);
                return new BicepType.String(text);
            case Expression.String text:
                // Once each: a second look at a hole would double with every level of strings in strings.
                List<BicepType> holes = [.. text.Holes.Select(h => Infer(h, scope))];
                foreach (string segment in text.Segments) Hardcoded(text.Where, segment);
                if (text.Segments is ["", ""] && holes is [{ Resolved: BicepType.String }]) Warn(text.Where, "simplify-interpolation", "The string is its one hole: write the expression alone.");
                return BicepType.Text;
            case Expression.Integer number: return new BicepType.Integer(number.Value);
            case Expression.Boolean truth: return new BicepType.Boolean(truth.Value);
            case Expression.Null: return BicepType.Nothing;
            case Expression.Parenthesized inner: return Infer(inner.Inner, scope);
            case Expression.NonNull present: return Infer(present.Target, scope).WithoutNull;
            case Expression.Name name: return Name(name, scope);
            case Expression.Unary unary:
                var operand = Infer(unary.Operand, scope);
                var wanted = unary.Operator == TokenKind.Bang ? BicepType.Truth : BicepType.Number;
                if (!Fits(wanted, operand)) Report(unary.Where, "BCP044", $"Cannot apply '{(unary.Operator == TokenKind.Bang ? "!" : "-")}' to '{operand}'.");
                return wanted;
            case Expression.Binary binary: return Binary(binary, scope);
            case Expression.Ternary ternary:
                var decision = Infer(ternary.Condition, scope);
                if (!Fits(BicepType.Truth, decision)) Report(ternary.Condition.Where, "BCP046", $"Expected a value of type bool, not '{decision}'.");
                return BicepType.UnionOf(Infer(ternary.True, scope), Infer(ternary.False, scope));
            case Expression.Lambda lambda:
                Report(lambda.Where, "BCP242", "A lambda can only be an argument of a function.");
                return BicepType.Anything;
            case Expression.Array array:
                return new BicepType.Tuple([.. array.Items.Select(i => Infer(i, scope))]) is var tuple && (array.Items.Any(i => i is Expression.Spread) || array.Items.Count == 0 || array.Items.Count > 100) ? BicepType.List : tuple;
            case Expression.Spread spread: return Infer(spread.Value, scope);
            case Expression.Object map:
                Properties(map);
                List<BicepType.Member> members = [];
                bool isOpen = false;
                foreach (var property in map.Properties)
                {
                    if (property.Key is { Literal: null } computed) foreach (var hole in computed.Holes) Infer(hole, scope);
                    var type = Infer(property.Value, scope);
                    if (property.Name is { } key) members.Add(new BicepType.Member(key, type));
                    else isOpen = true;
                }
                return new BicepType.Object(null, members, isOpen ? BicepType.Anything : null);
            case Expression.For loop:
                var round = Round(loop, scope);
                AtStart(loop.Source, scope, "for");
                return new BicepType.Array(Infer(loop.Body, round));
            case Expression.If body:
                Infer(body.Condition, scope);
                return Infer(body.Body, scope);
            case Expression.Property { Target: Expression.Name { Text: "sys" or "az" } space } when Local.Find(scope, space.Text) is null && !_file.Symbols.ContainsKey(space.Text): return BicepType.Anything;
            case Expression.Property property: return Property(property, Infer(property.Target, scope));
            case Expression.Indexed indexed: return Indexed(indexed, scope);
            case Expression.Nested nested:
                var parent = Infer(nested.Target, scope).WithoutNull.Resolved;
                if (parent is BicepType.Any) return parent;
                if (parent is not BicepType.Resource above)
                {
                    Report(nested.MemberWhere, "BCP158", $"'::' leads to a nested resource, and '{parent}' is no resource.");
                    return BicepType.Anything;
                }
                if (FileModel.NestedIn(above.Declaration).FirstOrDefault(n => n.Name == nested.Member) is { } child) return child.Value is Expression.For ? new BicepType.Collection(new BicepType.Resource(child)) : new BicepType.Resource(child);
                Report(nested.MemberWhere, "BCP159", $"'{above.Declaration.Name}' has no nested resource '{nested.Member}'.{Suggest.Text(nested.Member, FileModel.NestedIn(above.Declaration).Select(n => n.Name))}");
                return BicepType.Anything;
            case Expression.Call call: return Call(call, scope);
            default: return BicepType.Anything;
        }
    }

    private BicepType Quietly(Expression expression, Local? scope)
    {
        _quiet++;
        var type = Infer(expression, scope);
        _quiet--;
        return type;
    }

    private static readonly string[] CloudHosts = ["management.azure.com", "core.windows.net", "login.microsoftonline.com", "azurecr.io", "vault.azure.net", "database.windows.net", "management.core.windows.net", "graph.windows.net", "gallery.azure.com", "azuredatalakestore.net", "azuredatalakeanalytics.net", "batch.core.windows.net"];

    private void Hardcoded(SourceSpan where, string text)
    {
        if (text.Length > 8 && CloudHosts.FirstOrDefault(h => text.Contains(h, StringComparison.OrdinalIgnoreCase)) is { } host
            && !text.Contains("schema.management.azure.com", StringComparison.OrdinalIgnoreCase)) Warn(where, "no-hardcoded-env-urls", $"'{host}' differs by cloud; use environment().");
    }

    private Local? Round(Expression.For loop, Local? scope)
    {
        var source = Infer(loop.Source, scope);
        var item = source.WithoutNull.Resolved switch
        {
            BicepType.Any => BicepType.Anything,
            BicepType.Array array => array.Item,
            BicepType.Tuple tuple => BicepType.UnionOf(tuple.Items),
            BicepType.Collection collection => collection.Item,
            BicepType.Union union when union.Members.All(m => m.Resolved is BicepType.Array or BicepType.Tuple) => BicepType.Anything,
            _ => null,
        };
        if (item is null)
        {
            Report(loop.Source.Where, "BCP137", $"Loops run over arrays, not over '{source}'.");
            item = BicepType.Anything;
        }
        scope = new Local(scope, loop.Item.Name, item);
        return loop.Index is { } index ? new Local(scope, index.Name, BicepType.Number) : scope;
    }

    private BicepType Name(Expression.Name name, Local? scope)
    {
        if (Local.Find(scope, name.Text) is { } local) return local;
        if (_file.Symbols.TryGetValue(name.Text, out var declaration))
        {
            Use(name.Text);
            if (_isParameterDefault && declaration is not (Declaration.Parameter or Declaration.Function)) Report(name.Where, "BCP072", $"The default of a parameter may refer to other parameters, not to '{name.Text}'.");
            switch (declaration)
            {
                case Declaration.Parameter parameter: return _file.Types.Of(parameter);
                case Declaration.Variable variable: return Variable(variable);
                case Declaration.Resource resource: return Declared(new BicepType.Resource(resource), resource.Value);
                case Declaration.Module module: return Declared(new BicepType.Module(module), module.Value);
                case Declaration.Function: Report(name.Where, "BCP063", $"'{name.Text}' is a function: call it."); return BicepType.Anything;
                default: Report(name.Where, "BCP287", $"'{name.Text}' is a type, not a value."); return BicepType.Anything;
            }
        }
        if (_file.Wildcard(name.Text) is not null || _file.Source.Declarations.OfType<Declaration.Import>().Any(i => i.Name == name.Text || i.Items.Any(x => x.Alias == name.Text))) return BicepType.Anything;
        if (name.Text is "sys" or "az") return BicepType.Anything;
        if (_file.Outputs.Any(o => o.Name == name.Text)) Report(name.Where, "BCP058", $"'{name.Text}' is an output; outputs can't be referred to in expressions.");
        else Report(name.Where, "BCP057", $"The name '{name.Text}' does not exist in the current context.{Suggest.Text(name.Text, _file.Symbols.Keys)}");
        return BicepType.Anything;
    }

    private static BicepType Declared(BicepType type, Expression value) => value is Expression.For ? new BicepType.Collection(type) : value is Expression.If ? new BicepType.Union([type, BicepType.Nothing]) : type;

    private BicepType Variable(Declaration.Variable variable)
    {
        if (_variables.TryGetValue(variable, out var known)) return known;
        _variables[variable] = BicepType.Anything;
        if (variable.Type is not null) return _variables[variable] = _file.Types.Of(variable.Type);
        // Its own mistakes are reported where it stands; here they would come once per use.
        string? current = _current;
        _current = variable.Name;
        _edges.TryAdd(variable.Name, []);
        bool wasDefault = _isParameterDefault;
        _isParameterDefault = false;
        var type = Quietly(variable.Value, null);
        _isParameterDefault = wasDefault;
        _current = current;
        return _variables[variable] = type;
    }

    private BicepType Binary(Expression.Binary binary, Local? scope)
    {
        var left = Infer(binary.Left, scope);
        var right = Infer(binary.Right, scope);
        BicepType Need(BicepType operand, BicepType result)
        {
            if (!Fits(operand, left) || !Fits(operand, right)) Report(binary.Where, "BCP045", $"Cannot apply '{Sign(binary.Operator)}' to '{left}' and '{right}'.{(binary.Operator == TokenKind.Plus && left.Resolved is BicepType.String ? " Use string interpolation." : "")}");
            return result;
        }
        switch (binary.Operator)
        {
            case TokenKind.DoubleQuestion: return left.Resolved is BicepType.Null ? right : BicepType.UnionOf(left.WithoutNull, right);
            case TokenKind.And or TokenKind.Or: return Need(BicepType.Truth, BicepType.Truth);
            case TokenKind.Equal or TokenKind.NotEqual: return BicepType.Truth;
            case TokenKind.EqualIgnoringCase or TokenKind.NotEqualIgnoringCase: return Need(BicepType.Text, BicepType.Truth);
            case TokenKind.Less or TokenKind.LessOrEqual or TokenKind.Greater or TokenKind.GreaterOrEqual:
                return Fits(BicepType.Text, left) && Fits(BicepType.Text, right) ? BicepType.Truth : Need(BicepType.Number, BicepType.Truth);
            default: return Need(BicepType.Number, BicepType.Number);
        }
    }

    private static string Sign(TokenKind kind) => kind switch
    {
        TokenKind.Plus => "+", TokenKind.Minus => "-", TokenKind.Star => "*", TokenKind.Slash => "/", TokenKind.Percent => "%", TokenKind.Less => "<", TokenKind.LessOrEqual => "<=",
        TokenKind.Greater => ">", TokenKind.GreaterOrEqual => ">=", TokenKind.EqualIgnoringCase => "=~", TokenKind.NotEqualIgnoringCase => "!~", TokenKind.And => "&&", TokenKind.Or => "||", _ => kind.ToString(),
    };

    private static readonly string[] ResourceProperties =
        ["id", "name", "type", "apiVersion", "properties", "location", "tags", "sku", "kind", "identity", "zones", "plan", "managedBy", "extendedLocation", "systemData", "eTag", "etag", "scale", "asserts", "placement", "managedByExtended", "resourceProperties"];

    private BicepType Property(Expression.Property property, BicepType whole)
    {
        bool mayBeNull = whole.Resolved is BicepType.Union { Members: var members } && members.Any(m => m.Resolved is BicepType.Null);
        var target = whole.WithoutNull.Resolved;
        if (mayBeNull && !property.IsSafe && !(target is BicepType.Resource or BicepType.Module && KnownAtStart.Contains(property.Member)))
        {
            Warn(property.Target.Where, "BCP318", $"'{NameOf(property.Target)}' may be null at the start of the deployment, and then this fails. Use '.?' or '!'.");
        }
        BicepType Result(BicepType type) => property.IsSafe ? type.OrNull : type;
        switch (target)
        {
            case BicepType.Any: return target;
            case BicepType.Object map:
                if (map.Find(property.Member) is { } member) return Result(member.Type);
                if (map.Additional is not null) return Result(map.Additional);
                if (!property.IsSafe) Report(property.MemberWhere, "BCP053", $"The type '{map}' does not contain property '{property.Member}'.{Suggest.Text(property.Member, map.Members.Select(m => m.Name))}");
                return BicepType.Anything;
            case BicepType.Union union: return union.Members.Any(m => m.Resolved is BicepType.Object or BicepType.Any or BicepType.Resource or BicepType.Module or BicepType.Scope) ? BicepType.Anything : Wrong();
            case BicepType.Resource resource:
                if (!ResourceProperties.Contains(property.Member)) Report(property.MemberWhere, "BCP053", $"The resource '{resource.Declaration.Name}' has no property '{property.Member}'.{Suggest.Text(property.Member, ResourceProperties)}", Severity.Error);
                return property.Member is "id" or "name" or "type" or "apiVersion" or "location" ? BicepType.Text : BicepType.Anything;
            case BicepType.Module module:
                if (property.Member == "name") return BicepType.Text;
                if (property.Member == "outputs") return Outputs(module.Declaration);
                Report(property.MemberWhere, "BCP053", $"A module has 'name' and 'outputs', not '{property.Member}'.");
                return BicepType.Anything;
            case BicepType.Scope there:
                if (there.Properties.Find(property.Member) is { } known) return known.Type;
                Report(property.MemberWhere, "BCP053", $"This scope has no property '{property.Member}' here.");
                return BicepType.Anything;
            case BicepType.Collection:
                Report(property.Target.Where, "BCP144", $"'{NameOf(property.Target)}' is a loop of resources or modules: say which one, [i].");
                return BicepType.Anything;
            default: return Wrong();
        }

        BicepType Wrong()
        {
            Report(property.MemberWhere, "BCP055", $"Cannot access properties of type '{whole}'.");
            return BicepType.Anything;
        }
    }

    private BicepType Outputs(Declaration.Module module)
    {
        if (_file.Files.GetValueOrDefault(module) is not { } file) return BicepType.Anything;
        return new BicepType.Object("outputs", [.. file.Outputs.Select(o => new BicepType.Member(o.Name, file.Types.Of(o)))], null);
    }

    private BicepType Indexed(Expression.Indexed indexed, Local? scope)
    {
        var at = Infer(indexed.At, scope);
        var whole = Infer(indexed.Target, scope);
        var target = whole.WithoutNull.Resolved;
        if (indexed.At is Expression.String { Literal: { } key } && target is BicepType.Object or BicepType.Resource or BicepType.Module)
        {
            return Property(new Expression.Property(indexed.Where, indexed.Target, key, indexed.At.Where, indexed.IsSafe), whole);
        }
        BicepType Result(BicepType type) => indexed.IsSafe ? type.OrNull : type;
        switch (target)
        {
            case BicepType.Array or BicepType.Tuple or BicepType.Collection:
                if (!Fits(BicepType.Number, at)) Report(indexed.At.Where, "BCP074", $"Arrays are indexed by int, not by '{at}'.");
                if (target is BicepType.Tuple tuple) return indexed is { At: Expression.Integer { Value: >= 0 } index, FromEnd: false } && index.Value < tuple.Items.Count ? tuple.Items[(int)index.Value] : Result(BicepType.UnionOf(tuple.Items));
                if (target is BicepType.Collection collection) return Result(collection.Item);
                return Result(((BicepType.Array)target).Item);
            case BicepType.Object map:
                if (!Fits(BicepType.Text, at)) Report(indexed.At.Where, "BCP075", $"Objects are indexed by string, not by '{at}'.");
                return Result(map.Members.Count == 0 && map.Additional is not null ? map.Additional : map.Additional is null && map.Members.Count > 0 ? BicepType.UnionOf(map.Members.Select(m => m.Type)) is BicepType.Union ? BicepType.Anything : map.Members[0].Type : BicepType.Anything);
            case BicepType.Any or BicepType.Union: return BicepType.Anything;
            default:
                Report(indexed.Target.Where, "BCP076", $"Cannot index over '{target}'. Arrays and objects can be indexed.");
                return BicepType.Anything;
        }
    }

    // ---- calls ----

    private BicepType Call(Expression.Call call, Local? scope)
    {
        bool isSpace = call.Target is Expression.Name { Text: "sys" or "az" } space && Local.Find(scope, space.Text) is null && !_file.Symbols.ContainsKey(space.Text);
        if (call.Target is not null && !isSpace) return CallOnTarget(call, scope);
        if (call.Target is null && _file.Symbols.GetValueOrDefault(call.Function) is Declaration.Function declared)
        {
            Use(call.Function);
            return CallDeclared(call, declared, _file, scope);
        }
        if (call.Target is null && _file.Imported(call.Function) is { Declaration: Declaration.Function there } imported) return CallDeclared(call, there, imported.File, scope);
        if (FunctionTable.Find(call.Function) is not { } function || (isSpace && function.Space != ((Expression.Name)call.Target!).Text))
        {
            foreach (var argument in call.Arguments.Where(a => a is not Expression.Lambda)) Infer(argument, scope);
            bool isOurs = FunctionTable.NotSupported.Contains(call.Function) || (call.Target is null && call.Function.StartsWith("list", StringComparison.Ordinal));
            if (isOurs) Report(call.FunctionWhere, Rules.NotSupported, $"{call.Function}() is not supported by our reader.");
            else if (isSpace) Report(call.FunctionWhere, "BCP107", $"There is no function '{call.Function}' in that namespace.");
            else Report(call.FunctionWhere, _file.Symbols.ContainsKey(call.Function) ? "BCP059" : "BCP057", $"There is no function '{call.Function}'.{Suggest.Text(call.Function, FunctionTable.Names)}");
            return BicepType.Anything;
        }
        if (call.Arguments.Count < function.Required || (!function.IsVariadic && call.Arguments.Count > function.Parameters.Count))
        {
            foreach (var argument in call.Arguments.Where(a => a is not Expression.Lambda)) Infer(argument, scope);
            Report(call.FunctionWhere, "BCP071", $"{call.Function}() takes {Evaluator.Arity(function)} arguments, not {call.Arguments.Count}.");
            return BicepType.Anything;
        }
        if (function.OnlyInParameterDefault && !_isParameterDefault) Report(call.FunctionWhere, "BCP065", $"{call.Function}() is only valid as the default of a parameter.");
        Placed(call, function);
        List<BicepType> types = [];
        for (int i = 0; i < call.Arguments.Count; i++)
        {
            var wanted = function.Parameters[Math.Min(i, function.Parameters.Count - 1)];
            var argument = call.Arguments[i];
            if (wanted is BicepType.Lambda)
            {
                types.Add(Lambda(call, function, argument, types, scope));
                continue;
            }
            var type = Infer(argument, scope);
            types.Add(type);
            if (function.Literals.Contains(i) && argument is not Expression.String { Literal: not null }) Report(argument.Where, "BCP032", $"{call.Function}() reads at compile time: its argument must be a literal.");
            bool isListed = type.WithoutNull.Resolved is BicepType.Collection && (wanted.Resolved is BicepType.Array || function.Name is "length" or "first" or "last");
            if (!isListed && !Fits(wanted, type)) Report(argument.Where, "BCP070", $"Argument {i + 1} of {call.Function}() must be {wanted}, not '{type}'.");
        }
        if (function.Name == "concat" && types.Count > 0 && types.All(t => t.Resolved is BicepType.String)) Warn(call.Where, "prefer-interpolation", "Use string interpolation instead of concat().");
        var result = function.Result(types);
        return result;
    }

    /// <summary>Functions of a scope have meaning in files for it only.</summary>
    private void Placed(Expression.Call call, Function function)
    {
        bool isBad = (function.Name, call.Arguments.Count) switch
        {
            ("resourceGroup", 0) => _file.Scope != ScopeKind.ResourceGroup,
            ("subscription", 0) => _file.Scope is ScopeKind.ManagementGroup or ScopeKind.Tenant,
            ("managementGroup", 0) => _file.Scope != ScopeKind.ManagementGroup,
            ("resourceGroup", 1) => _file.Scope is ScopeKind.ManagementGroup or ScopeKind.Tenant,
            _ => false,
        };
        if (isBad) Report(call.Where, "BCP071", $"{function.Name}() with these arguments has no meaning in a file for a {Words(_file.Scope)}.");
    }

    private BicepType.Lambda Lambda(Expression.Call call, Function function, Expression argument, List<BicepType> types, Local? scope)
    {
        if (argument is not Expression.Lambda lambda)
        {
            Infer(argument, scope);
            Report(argument.Where, "BCP070", $"{call.Function}() takes a lambda here: item => ….");
            return new BicepType.Lambda(BicepType.Anything);
        }
        int maximum = function.Name is "map" or "filter" ? 2 : function.Name == "reduce" ? 3 : 1;
        int minimum = function.Name == "reduce" ? 2 : 1;
        if (lambda.Parameters.Count < minimum || lambda.Parameters.Count > maximum) Report(lambda.Where, "BCP070", $"The lambda of {call.Function}() takes {(minimum == maximum ? $"{minimum}" : $"{minimum} to {maximum}")} parameters.");
        var item = types.Count > 0 ? types[0].WithoutNull.Resolved switch { BicepType.Array array => array.Item, BicepType.Tuple tuple => BicepType.UnionOf(tuple.Items), BicepType.Collection collection => collection.Item, _ => BicepType.Anything } : BicepType.Anything;
        if (function.Name is "reduce" or "mapValues") item = BicepType.Anything;
        for (int i = 0; i < lambda.Parameters.Count; i++) scope = new Local(scope, lambda.Parameters[i].Name, i == 0 ? item : function.Name is "map" or "filter" ? BicepType.Number : BicepType.Anything);
        var result = Infer(lambda.Body, scope);
        if (function.Name == "filter" && !Fits(BicepType.Truth, result)) Report(lambda.Body.Where, "BCP070", $"The lambda of filter() must give a bool, not '{result}'.");
        return new BicepType.Lambda(result);
    }

    private BicepType CallOnTarget(Expression.Call call, Local? scope)
    {
        var target = Infer(call.Target!, scope).WithoutNull.Resolved;
        foreach (var argument in call.Arguments) Infer(argument, scope);
        bool isSecret = call.Function == "getSecret";
        switch (target)
        {
            case BicepType.Any: return target;
            case BicepType.Resource resource when isSecret:
                if (!(resource.Declaration.Type.Literal ?? "").StartsWith("Microsoft.KeyVault/vaults@", StringComparison.OrdinalIgnoreCase)) Report(call.FunctionWhere, "BCP109", "getSecret() is a function of key vaults.");
                if (!_mayGetSecret) Report(call.Where, "BCP180", "getSecret() may only be the value of a module's @secure() parameter.");
                if (call.Arguments.Count is < 1 or > 2) Report(call.FunctionWhere, "BCP071", "getSecret() takes 1 to 2 arguments.");
                return BicepType.Text with { IsSecure = true };
            case BicepType.Resource when call.Function.StartsWith("list", StringComparison.Ordinal): return BicepType.Anything;
            case BicepType.Collection:
                Report(call.Target!.Where, "BCP144", $"'{NameOf(call.Target)}' is a loop of resources: say which one, [i].");
                return BicepType.Anything;
            default:
                Report(call.FunctionWhere, "BCP109", $"The type '{target}' does not contain function '{call.Function}'.");
                return BicepType.Anything;
        }
    }

    private BicepType CallDeclared(Expression.Call call, Declaration.Function declared, FileModel file, Local? scope)
    {
        if (call.Arguments.Count != declared.Parameters.Count) Report(call.FunctionWhere, "BCP071", $"{declared.Name}() takes {declared.Parameters.Count} arguments, not {call.Arguments.Count}.");
        for (int i = 0; i < call.Arguments.Count; i++)
        {
            if (i < declared.Parameters.Count) Assign(file.Types.Of(declared.Parameters[i].Type), call.Arguments[i], scope, $"Argument {i + 1} of {declared.Name}()");
            else Infer(call.Arguments[i], scope);
        }
        return file.Types.Of(declared.Returns);
    }

    // ---- assignment ----

    private void Assign(BicepType target, Expression value, Local? scope, string what) => Fit(target, Infer(value, scope), value.Where, what, value);

    /// <summary>Reports what does not fit, at the part of the literal that is to blame where there is one.</summary>
    private void Fit(BicepType target, BicepType source, SourceSpan where, string what, Expression? value = null, int depth = 0)
    {
        if (depth > 40) return;
        var wanted = target.Resolved;
        while (value is Expression.Parenthesized inner) value = inner.Inner;
        if (value is Expression.Ternary ternary)
        {
            Fit(target, Quietly(ternary.True, null), ternary.True.Where, what, null, depth + 1);
            Fit(target, Quietly(ternary.False, null), ternary.False.Where, what, null, depth + 1);
            return;
        }
        if (wanted is BicepType.Object shape && source.Resolved is BicepType.Object given && value is Expression.Object literal)
        {
            if (given.Additional is null)
            {
                foreach (var missing in shape.Members.Where(m => !m.Type.IsNullable && given.Find(m.Name) is null)) Report(where, "BCP035", $"{what} lacks the property '{missing.Name}'.");
            }
            foreach (var member in given.Members)
            {
                var property = literal.Find(member.Name);
                var place = property?.Value.Where ?? where;
                if (shape.Find(member.Name) is { } known) Fit(known.Type, member.Type, place, $"{what}.{member.Name}", property?.Value, depth + 1);
                else if (shape.Additional is not null) Fit(shape.Additional, member.Type, place, $"{what}.{member.Name}", property?.Value, depth + 1);
                else Report(property?.Where ?? where, "BCP037", $"{what} may not have a property '{member.Name}'.{Suggest.Text(member.Name, shape.Members.Select(m => m.Name))}");
            }
            return;
        }
        if (value is Expression.Array array && array.Items.All(i => i is not Expression.Spread) && wanted is BicepType.Array list && list.Item.Resolved is not BicepType.Any)
        {
            if (array.Items.Count < list.Minimum || array.Items.Count > list.Maximum) Report(where, "BCP332", $"{what} has {array.Items.Count} items, which is not within its limits.");
            foreach (var item in array.Items) Fit(list.Item, Quietly(item, null), item.Where, $"An item of {char.ToLowerInvariant(what[0])}{what[1..]}", item, depth + 1);
            return;
        }
        if (Fits(target, source)) return;
        bool isLiteralMismatch = wanted is BicepType.Union or BicepType.String { Literal: not null } && source.Resolved is BicepType.String;
        Report(where, isLiteralMismatch ? "BCP036" : "BCP033", $"{what} expects '{target}', not '{source}'.");
    }

    /// <summary>Whether some value of the one type can be a value of the other: only what can never be right is refused.</summary>
    private static bool Fits(BicepType target, BicepType source, int depth = 0)
    {
        if (depth > 40) return true;
        var wanted = target.Resolved;
        var given = source.Resolved;
        if (wanted is BicepType.Any || given is BicepType.Any) return true;
        // One of several is enough: which one it is shows at evaluation.
        if (given is BicepType.Union alternatives) return alternatives.Members.Any(m => Fits(wanted, m, depth + 1));
        if (wanted is BicepType.Union union) return union.Members.Any(m => Fits(m, given, depth + 1));
        return (wanted, given) switch
        {
            (BicepType.Null, BicepType.Null) => true,
            (BicepType.String { Literal: null } limits, BicepType.String { Literal: { } text }) => !(text.Length < limits.Minimum) && !(text.Length > limits.Maximum),
            (BicepType.String { Literal: { } literal }, BicepType.String { Literal: { } text }) => literal == text,
            (BicepType.String { Literal: not null }, BicepType.String text) => text.IsLoose,
            (BicepType.String, BicepType.String) => true,
            (BicepType.Integer { Literal: null } limits, BicepType.Integer { Literal: { } number }) => !(number < limits.Minimum) && !(number > limits.Maximum),
            (BicepType.Integer { Literal: { } literal }, BicepType.Integer { Literal: { } number }) => literal == number,
            (BicepType.Integer, BicepType.Integer) => true,
            (BicepType.Boolean { Literal: { } literal }, BicepType.Boolean { Literal: { } truth }) => literal == truth,
            (BicepType.Boolean, BicepType.Boolean) => true,
            (BicepType.Array a, BicepType.Array b) => Fits(a.Item, b.Item, depth + 1),
            (BicepType.Array a, BicepType.Tuple b) => b.Items.All(i => Fits(a.Item, i, depth + 1)),
            (BicepType.Tuple a, BicepType.Tuple b) => a.Items.Count == b.Items.Count && a.Items.Zip(b.Items).All(p => Fits(p.First, p.Second, depth + 1)),
            (BicepType.Tuple, BicepType.Array) => true,
            (BicepType.Array, BicepType.Collection) => true,
            (BicepType.Object a, BicepType.Object b) => Covers(a, b, depth),
            (BicepType.Object, BicepType.Resource or BicepType.Module or BicepType.Scope) => true,
            (BicepType.Lambda, BicepType.Lambda) => true,
            _ => false,
        };
    }

    private static bool Covers(BicepType.Object wanted, BicepType.Object given, int depth)
    {
        foreach (var member in wanted.Members)
        {
            if (given.Find(member.Name) is { } there)
            {
                if (!Fits(member.Type, there.Type, depth + 1)) return false;
            }
            else if (given.Additional is null && !member.Type.IsNullable)
            {
                return false;
            }
        }
        return wanted.Additional is null || given.Members.Where(m => wanted.Find(m.Name) is null).All(m => Fits(wanted.Additional, m.Type, depth + 1));
    }
}
