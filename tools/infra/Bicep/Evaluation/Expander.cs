using System.Text.Json;
using Dapr.Voice.Infra.Bicep.Checking;
using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>Declarations to what they deploy: loops and conditions of resources and modules, names and ids, module by module. Symbols are evaluated when first needed.</summary>
internal sealed class Expander
{
    /// <summary>Azure takes 800 resources in one deployment; nested ones add up.</summary>
    public const int MaximumInstances = 5_000;

    /// <summary>Modules inside of modules.</summary>
    public const int MaximumModuleDepth = 20;

    private readonly Evaluator _evaluator;
    private readonly Dictionary<FileModel, ModuleInstance> _imports = [];
    private readonly List<ResourceInstance> _groups = [];
    private int _instances;
    private int _moduleDepth;
    private bool _isExhausted;

    public Expander(Evaluator evaluator)
    {
        _evaluator = evaluator;
        evaluator.Expander = this;
    }

    /// <summary>A file as others import from it: its variables and functions, without parameters.</summary>
    public ModuleInstance ForImports(FileModel file)
    {
        if (!_imports.TryGetValue(file, out var instance))
        {
            _imports[file] = instance = new ModuleInstance(file, "", new DeploymentScope(file.Scope, null, null), new BicepString(SourceSpan.None, "import"));
        }
        return instance;
    }

    // ---- symbols ----

    public BicepValue Symbol(ModuleInstance module, string name, SourceSpan where)
    {
        if (module.File.Symbols.TryGetValue(name, out var declaration))
        {
            switch (declaration)
            {
                case Declaration.Parameter parameter: return Memo(module, parameter, () => Parameter(module, parameter));
                case Declaration.Variable variable: return Memo(module, variable, () => _evaluator.Evaluate(variable.Value, module.Root));
                case Declaration.Resource resource:
                    var instances = Instances(module, resource);
                    if (Declaration.BodyOf(resource.Value).Loop is not null)
                    {
                        foreach (var each in instances) Touch(each);
                        return new SymbolValue.OfResources(where, instances);
                    }
                    return instances is [var instance] ? ValueOf(instance, where) : SymbolValue.Broken(where);
                case Declaration.Module call:
                    var calls = Calls(module, call);
                    foreach (var each in calls.Where(c => c.IsDeployed)) _evaluator.Touch("module:" + each.Path);
                    if (Declaration.BodyOf(call.Value).Loop is not null) return new SymbolValue.OfModules(where, calls);
                    return calls is [var only] ? new SymbolValue.OfModule(where, only) : SymbolValue.Broken(where);
            }
        }
        if (module.File.Imported(name) is { Declaration: Declaration.Variable } imported) return Symbol(ForImports(imported.File), imported.Declaration.Name, where);
        if (module.File.Wildcard(name) is { } file) return new SymbolValue.OfImport(where, file);
        throw new Evaluator.EvaluationException(where, "BCP057", $"The name '{name}' does not exist in the current context.{Suggest.Text(name, module.File.Symbols.Keys)}");
    }

    public BicepValue ImportedMember(FileModel file, string name, SourceSpan where) => Symbol(ForImports(file), name, where);

    public (FileModel File, Declaration.Function Function)? FunctionOf(ModuleInstance module, string name) => FunctionOf(module.File, name);

    public (FileModel File, Declaration.Function Function)? FunctionOf(FileModel file, string name)
    {
        if (file.Symbols.TryGetValue(name, out var declaration) && declaration is Declaration.Function function) return (file, function);
        return file.Imported(name) is { Declaration: Declaration.Function imported } from ? (from.File, imported) : null;
    }

    private SymbolValue.OfResource ValueOf(ResourceInstance instance, SourceSpan where)
    {
        Touch(instance);
        return new SymbolValue.OfResource(where, instance);
    }

    /// <summary>An existing resource is nothing to wait for, what it needs is.</summary>
    private void Touch(ResourceInstance instance)
    {
        Prepare(instance);
        if (instance.Declaration.IsExisting) _evaluator.Touch(instance.Needs);
        else if (instance.IsDeployed) _evaluator.Touch(instance.Key);
    }

    private BicepValue Memo(ModuleInstance module, Declaration declaration, Func<BicepValue> evaluate)
    {
        if (!module.Values.TryGetValue(declaration, out var known))
        {
            if (!module.Open.Add(declaration)) throw new Evaluator.EvaluationException(declaration.NameWhere, "BCP080", $"'{declaration.Name}' leads back to itself.");
            var needs = new Dependencies();
            var value = _evaluator.Touching(needs, evaluate);
            module.Open.Remove(declaration);
            module.Values[declaration] = known = (value, needs);
        }
        _evaluator.Touch(known.Needs);
        return known.Value;
    }

    private BicepValue Parameter(ModuleInstance module, Declaration.Parameter parameter)
    {
        var type = module.File.Types.Of(parameter);
        bool isGiven = module.Given.TryGetValue(parameter.Name, out var value);
        // A null that is passed counts as not passed, unless null is a value of the type.
        if (value is BicepNull && !type.IsNullable && parameter.Default is not null) isGiven = false;
        if (!isGiven) value = parameter.Default is { } fallback ? _evaluator.Plain(_evaluator.Evaluate(fallback, module.Root)) : type.IsNullable && type.Resolved is not BicepType.Any ? new BicepNull(parameter.NameWhere) : null;
        if (value is null)
        {
            value = new BicepRuntime(parameter.NameWhere, type.Hint, (module.Path.Length == 0 ? "" : module.Path + ":") + "parameters." + parameter.Name);
            if (module.Path.Length == 0) _evaluator.Report(parameter.NameWhere, "missing-parameter", $"Parameter '{parameter.Name}' has no value and no default.");
        }
        else
        {
            ValueCheck.Check(value, type, $"Parameter '{parameter.Name}'", (where, rule, message) => _evaluator.Report(where.File.Length > 0 ? where : parameter.NameWhere, rule, message));
        }
        if (type.IsSecure && value is not (BicepNull or BicepString { Value: "" } or BicepObject { Properties.Count: 0 })) value = value with { SecretSource = value.SecretSource ?? $"parameter '{parameter.Name}'" };
        return value;
    }

    // ---- resources ----

    private IReadOnlyList<ResourceInstance> Instances(ModuleInstance module, Declaration.Resource declaration, ResourceInstance? container = null)
    {
        if (module.Resources.TryGetValue(declaration, out var known)) return known;
        if (!module.Open.Add(declaration)) throw new Evaluator.EvaluationException(declaration.NameWhere, "BCP080", $"'{declaration.Name}' leads back to itself.");
        string symbol = container is null ? module.KeyOf(declaration.Name) : $"{container.Key}::{declaration.Name}";
        var outer = container is null ? module.Root : container.Frame;
        if (container is not null)
        {
            foreach (var sibling in FileModel.NestedIn(container.Declaration)) outer = outer.With(sibling.Name, () => Sibling(container, sibling));
        }
        // Nested resources see each other and those above them by their names; so does the body that declares them.
        foreach (var child in FileModel.NestedIn(declaration))
        {
            outer = outer.With(child.Name, () => Instances(module, declaration, container) is [var only] ? Sibling(only, child) : SymbolValue.Broken(child.NameWhere));
        }
        var instances = Rounds(declaration.Value, outer, declaration.NameWhere).Select(round => new ResourceInstance(module, declaration, round.Index is { } i ? $"{symbol}[{i}]" : symbol, round.Index, round.Frame, container)).ToList();
        module.Open.Remove(declaration);
        module.Resources[declaration] = instances;
        return instances;
    }

    private BicepValue Sibling(ResourceInstance container, Declaration.Resource declaration)
    {
        var instances = Instances(container.Module, declaration, container);
        if (Declaration.BodyOf(declaration.Value).Loop is not null) return new SymbolValue.OfResources(declaration.NameWhere, instances);
        return instances is [var only] ? ValueOf(only, declaration.NameWhere) : SymbolValue.Broken(declaration.NameWhere);
    }

    public BicepValue NestedOf(ResourceInstance parent, string name, SourceSpan where)
        => FileModel.NestedIn(parent.Declaration).FirstOrDefault(n => n.Name == name) is { } child
            ? Sibling(parent, child)
            : throw new Evaluator.EvaluationException(where, "BCP160", $"'{parent.Declaration.Name}' has no nested resource '{name}'.");

    private IEnumerable<(Frame Frame, int? Index)> Rounds(Expression value, Frame frame, SourceSpan where)
    {
        if (value is not Expression.For loop)
        {
            if (++_instances > MaximumInstances) throw new Evaluator.EvaluationException(where, Rules.Limit, $"More than {MaximumInstances} resources and modules.");
            return [(frame, null)];
        }
        var rounds = _evaluator.Rounds(loop, _evaluator.Evaluate(loop.Source, frame), frame);
        if (rounds is null)
        {
            // Right in a module, whose parameters are known when its own deployment starts; but not to us.
            _evaluator.Report(loop.Source.Where, "unknown-count", "How many rounds this loop has is known to the deployment only: nothing in it is checked.", Severity.Warning);
            return [];
        }
        if ((_instances += rounds.Count) > MaximumInstances) throw new Evaluator.EvaluationException(where, Rules.Limit, $"More than {MaximumInstances} resources and modules.");
        return rounds.Select((round, i) => (round, (int?)i));
    }

    /// <summary>Condition, type, parent, scope, name and id.</summary>
    private void Prepare(ResourceInstance instance)
    {
        if (instance.State == EvaluationState.Done) return;
        if (instance.State == EvaluationState.Running) throw new Evaluator.EvaluationException(instance.Declaration.NameWhere, "BCP080", $"'{instance.Declaration.Name}' leads back to itself.");
        instance.State = EvaluationState.Running;
        try
        {
            _evaluator.Touching(instance.Needs, () =>
            {
                PrepareInside(instance);
                return true;
            });
        }
        finally
        {
            instance.State = EvaluationState.Done;
        }
    }

    private void PrepareInside(ResourceInstance instance)
    {
        var declaration = instance.Declaration;
        var (_, condition, body) = Declaration.BodyOf(declaration.Value);
        string[] type = (declaration.Type.Literal ?? "").Split('@', 2);
        instance.ApiVersion = type.Length > 1 ? type[1] : "";
        instance.Type = type[0];
        if (instance.Container is { } container)
        {
            Touch(container);
            // A nested declaration names its last segment, its parent the rest.
            if (!type[0].Contains('/', StringComparison.Ordinal) || !type[0].StartsWith(container.Type + "/", StringComparison.OrdinalIgnoreCase)) instance.Type = $"{container.Type}/{type[0]}";
            if (instance.ApiVersion.Length == 0) instance.ApiVersion = container.ApiVersion;
            instance.Parent = container;
            instance.IsDeployed = container.IsDeployed;
        }
        if (condition is not null) (instance.IsDeployed, instance.Condition) = Decide(condition, instance.Frame, instance.IsDeployed);
        if (body is null) return;
        if (body.Find("parent") is { } parent && _evaluator.Evaluate(parent.Value, instance.Frame) is SymbolValue.OfResource above)
        {
            Prepare(above.Instance);
            instance.Parent = above.Instance;
        }
        instance.Scope = instance.Parent?.Scope ?? instance.Module.Scope;
        if (body.Find("scope") is { } scope)
        {
            switch (_evaluator.Evaluate(scope.Value, instance.Frame))
            {
                case SymbolValue.OfScope there: instance.Scope = there.Scope; break;
                case SymbolValue.OfResource { Instance: var target }:
                    Prepare(target);
                    if (IsGroup(target)) instance.Scope = new DeploymentScope(ScopeKind.ResourceGroup, instance.Module.Scope.Subscription, target.Name);
                    else (instance.Scope, instance.ScopeResource) = (target.Scope, target);
                    break;
                case BicepRuntime or BicepNull: break;
                default: _evaluator.Report(scope.Value.Where, "BCP036", "A scope is a resource, or what resourceGroup(), subscription(), tenant() or managementGroup() give."); break;
            }
        }
        instance.Name = body.Find("name") is { } name ? _evaluator.Plain(_evaluator.Evaluate(name.Value, instance.Frame)) : SymbolValue.Broken(body.Where);
        var ownName = instance.Name;
        var parentName = instance.Parent?.FullName;
        if (parentName is null) instance.FullName = ownName;
        else if (parentName is BicepString before && ownName is BicepString last) instance.FullName = new BicepString(last.Where, $"{before.Value}/{last.Value}") { SecretSource = last.SecretSource };
        else instance.FullName = _evaluator.Combine(ownName.Where, BicepTypeHint.String, $"{Evaluator.TextOf(parentName)}/{Evaluator.TextOf(ownName)}", [parentName, ownName]);
        instance.Id = IdOf(instance);
        if (!declaration.IsExisting && IsGroup(instance)) _groups.Add(instance);
    }

    private (bool IsDeployed, BicepValue? Condition) Decide(Expression condition, Frame frame, bool isDeployed)
    {
        var value = _evaluator.Plain(_evaluator.Evaluate(condition, frame));
        if (value is BicepBoolean known) return (isDeployed && known.Value, null);
        if (value is not BicepRuntime) _evaluator.Report(condition.Where, "BCP046", $"The condition must be a bool, not {Evaluator.Describe(value)}.");
        return (isDeployed, value);
    }

    private static bool IsGroup(ResourceInstance instance) => string.Equals(instance.Type, "Microsoft.Resources/resourceGroups", StringComparison.OrdinalIgnoreCase);

    private static string? IdOf(ResourceInstance instance)
    {
        if (instance.FullName is not BicepString { Value: var fullName }) return null;
        if (IsGroup(instance)) return $"/subscriptions/{instance.Scope.SubscriptionId}/resourceGroups/{fullName}";
        string? start = instance.ScopeResource is { } on ? on.Id : instance.Scope.Id;
        string[] types = instance.Type.Split('/'), names = fullName.Split('/');
        if (start is null || types.Length < 2 || types.Length - 1 != names.Length) return null;
        return $"{start}/providers/{types[0]}/{string.Join('/', types.Skip(1).Zip(names, (type, name) => $"{type}/{name}"))}";
    }

    /// <summary>A property of a resource: what the text says is known, all else is the deployment's.</summary>
    public BicepValue Member(ResourceInstance instance, string name, bool isSafe, SourceSpan where, SourceSpan nameWhere)
    {
        Prepare(instance);
        switch (name)
        {
            case "name": return instance.Name;
            case "type": return new BicepString(where, instance.Type);
            case "apiVersion": return new BicepString(where, instance.ApiVersion);
            case "id": return instance.Id is { } id ? new BicepString(where, id) : new BicepRuntime(where, BicepTypeHint.String, instance.Key + ".id") { References = [new RuntimeReference(instance.Key, "id")] };
        }
        if (!instance.IsDeployed && !instance.Declaration.IsExisting)
        {
            if (isSafe) return new BicepNull(where);
            _evaluator.Report(where, "not-deployed", $"Resource '{instance.Key}' is not deployed (its condition is false), so reading its properties fails.");
            return SymbolValue.Broken(where);
        }
        // What the file itself writes and no provider changes.
        if (!instance.Declaration.IsExisting && name is "location" or "tags" or "kind" or "zones" && Declaration.BodyOf(instance.Declaration.Value).Body?.Find(name) is { } written) return _evaluator.Plain(_evaluator.Evaluate(written.Value, instance.Frame));
        return new BicepRuntime(where, name is "properties" or "sku" or "identity" or "tags" ? BicepTypeHint.Object : name is "location" or "kind" ? BicepTypeHint.String : BicepTypeHint.Any, $"{instance.Key}.{name}") { References = [new RuntimeReference(instance.Key, name)] };
    }

    /// <summary>Location of a resource group that this deployment makes, or null.</summary>
    public BicepValue? LocationOf(DeploymentScope scope)
    {
        var group = scope.KnownName is null ? null : _groups.FirstOrDefault(g => g.Name is BicepString name && string.Equals(name.Value, scope.KnownName, StringComparison.OrdinalIgnoreCase));
        return group is null || Declaration.BodyOf(group.Declaration.Value).Body?.Find("location") is not { } location ? null : _evaluator.Plain(_evaluator.Evaluate(location.Value, group.Frame));
    }

    // ---- modules ----

    private IReadOnlyList<ModuleCall> Calls(ModuleInstance module, Declaration.Module declaration)
    {
        if (module.Modules.TryGetValue(declaration, out var known)) return known;
        if (!module.Open.Add(declaration)) throw new Evaluator.EvaluationException(declaration.NameWhere, "BCP080", $"'{declaration.Name}' leads back to itself.");
        string path = module.PathOf(declaration.Name);
        List<ModuleCall> calls = [.. Rounds(declaration.Value, module.Root, declaration.NameWhere).Select(round => new ModuleCall(declaration, round.Index is { } i ? $"{path}[{i}]" : path, round.Frame))];
        module.Open.Remove(declaration);
        module.Modules[declaration] = calls;
        foreach (var call in calls)
        {
            _evaluator.Touching(call.Needs, () =>
            {
                Name(module, call);
                return true;
            });
        }
        return calls;
    }

    private void Name(ModuleInstance module, ModuleCall call)
    {
        var (_, condition, body) = Declaration.BodyOf(call.Declaration.Value);
        if (condition is not null) (call.IsDeployed, call.Condition) = Decide(condition, call.Frame, isDeployed: true);
        // Since Bicep 0.34 a module may go without a name and gets one of its own.
        call.Name = body?.Find("name") is { } name ? _evaluator.Plain(_evaluator.Evaluate(name.Value, call.Frame)) : new BicepString(call.Declaration.NameWhere, call.Path.Replace('/', '-'));
        call.Scope = module.Scope;
        if (body?.Find("scope") is not { } scope) return;
        switch (_evaluator.Evaluate(scope.Value, call.Frame))
        {
            case SymbolValue.OfScope there: call.Scope = there.Scope; break;
            case SymbolValue.OfResource { Instance: var target } when string.Equals((target.Declaration.Type.Literal ?? "").Split('@')[0], "Microsoft.Resources/resourceGroups", StringComparison.OrdinalIgnoreCase):
                Prepare(target);
                call.Scope = new DeploymentScope(ScopeKind.ResourceGroup, target.Scope.Kind == ScopeKind.Subscription ? target.Scope.Subscription : module.Scope.Subscription, target.Name);
                break;
            case BicepRuntime or BicepNull:
                call.Scope = new DeploymentScope(module.File.Files.GetValueOrDefault(call.Declaration)?.Scope ?? ScopeKind.ResourceGroup, null, null);
                break;
            default: _evaluator.Report(scope.Value.Where, "BCP036", "A module's scope is a resource group, or what resourceGroup(), subscription(), tenant() or managementGroup() give."); break;
        }
    }

    private ModuleInstance? InstanceOf(ModuleInstance module, ModuleCall call)
    {
        if (call.State == EvaluationState.Running) throw new Evaluator.EvaluationException(call.Declaration.NameWhere, "BCP080", $"Module '{call.Path}' leads back to itself.");
        if (call.State == EvaluationState.Done) return call.Instance;
        call.State = EvaluationState.Running;
        try
        {
            if (module.File.Files.GetValueOrDefault(call.Declaration) is not { } file) return null;
            if (_moduleDepth >= MaximumModuleDepth) throw new Evaluator.EvaluationException(call.Declaration.NameWhere, Rules.Limit, $"Modules nest deeper than {MaximumModuleDepth} levels.");
            _evaluator.Touching(call.Needs, () =>
            {
                Parameters(call, file);
                return true;
            });
            var instance = new ModuleInstance(file, call.Path, call.Scope ?? module.Scope, call.Name);
            foreach (var (name, value) in call.Parameters) instance.Given[name] = value;
            call.Instance = instance;
            return instance;
        }
        finally
        {
            call.State = EvaluationState.Done;
        }
    }

    private void Parameters(ModuleCall call, FileModel file)
    {
        var (_, _, body) = Declaration.BodyOf(call.Declaration.Value);
        if (body?.Find("params") is not { } parameters) return;
        if (_evaluator.Plain(_evaluator.Evaluate(parameters.Value, call.Frame)) is not BicepObject given) return;
        foreach (var property in given.Properties)
        {
            var parameter = file.Parameters.FirstOrDefault(p => p.Name == property.Name);
            call.Parameters[property.Name] = property.Value;
            if (parameter is not null && !file.Types.Of(parameter).IsSecure && Evaluator.SecretIn(property.Value) is { } secret)
            {
                _evaluator.Report(property.Where, "secret-in-parameter", $"A secret ({secret}) goes into parameter '{property.Name}' of '{call.Path}', which is not @secure().");
            }
        }
    }

    public BicepValue Output(ModuleCall call, string name, SourceSpan where, SourceSpan nameWhere)
    {
        var owner = call.Frame.Module;
        if (InstanceOf(owner, call) is not { } instance) return SymbolValue.Broken(where);
        Run(instance);
        if (instance.State == EvaluationState.Running) throw new Evaluator.EvaluationException(where, "BCP080", $"Module '{call.Path}' leads back to itself.");
        if (instance.Outputs.FirstOrDefault(o => o.Name == name) is not { } output)
            throw new Evaluator.EvaluationException(nameWhere, "BCP053", $"Module '{call.Path}' has no output '{name}'.{Suggest.Text(name, instance.Outputs.Select(o => o.Name))}");
        return output.IsSecure && !output.Value.IsSecret ? output.Value with { SecretSource = $"output '{name}' of '{call.Path}'" } : output.Value;
    }

    // ---- runs ----

    /// <summary>Evaluates everything a file instance declares; a second run does nothing.</summary>
    public void Run(ModuleInstance module)
    {
        if (module.State != EvaluationState.NotStarted) return;
        module.State = EvaluationState.Running;
        _moduleDepth++;
        foreach (var declaration in module.File.Source.Declarations)
        {
            // Of two declarations with one name only the first is a symbol.
            if (declaration is Declaration.Resource or Declaration.Module && !ReferenceEquals(module.File.Symbols.GetValueOrDefault(declaration.Name), declaration)) continue;
            Guarded(() =>
            {
                switch (declaration)
                {
                    case Declaration.Resource resource: RunResource(module, resource, null); break;
                    case Declaration.Module call: RunModule(module, call); break;
                    case Declaration.Output output: RunOutput(module, output); break;
                    case Declaration.Parameter or Declaration.Variable: Symbol(module, declaration.Name, declaration.NameWhere); break;
                }
            });
        }
        _moduleDepth--;
        module.State = EvaluationState.Done;
    }

    private void Guarded(Action run)
    {
        try
        {
            _evaluator.Touching(new Dependencies(), () =>
            {
                run();
                return true;
            });
        }
        catch (Evaluator.EvaluationException problem)
        {
            _evaluator.Report(problem.Where, problem.Rule, problem.Message);
        }
        catch (Evaluator.ExhaustedException problem)
        {
            // Every later step ends here as well, at once; one finding says it.
            if (_isExhausted) return;
            _isExhausted = true;
            _evaluator.Report(problem.Where, Rules.Limit, problem.Message);
        }
    }

    private void RunResource(ModuleInstance module, Declaration.Resource declaration, ResourceInstance? container)
    {
        foreach (var instance in Instances(module, declaration, container))
        {
            Guarded(() =>
            {
                Prepare(instance);
                if (instance.IsDeployed) Resolve(module, instance);
                foreach (var child in FileModel.NestedIn(declaration)) RunResource(module, child, instance);
            });
        }
    }

    private void Resolve(ModuleInstance module, ResourceInstance instance)
    {
        var (_, _, body) = Declaration.BodyOf(instance.Declaration.Value);
        if (body is null) return;
        var needs = new Dependencies();
        needs.Add(instance.Needs);
        var resolved = _evaluator.Touching(needs, () =>
        {
            if (body.Find("dependsOn") is { } first) _evaluator.Evaluate(first.Value, instance.Frame);
            return (BicepObject)_evaluator.Plain(_evaluator.Object(body, instance.Frame, name => name is not ("parent" or "scope" or "dependsOn")));
        });
        var resource = new ResolvedResource(
            instance.Declaration.Name, instance.Type, instance.ApiVersion, (instance.FullName as BicepString)?.Value, instance.Scope.Text, module.Path, instance.Declaration.IsExisting, resolved, instance.Declaration.NameWhere)
        {
            Key = instance.Key,
            NameValue = instance.FullName,
            Id = instance.Id,
            Index = instance.Index,
            Parent = instance.Parent?.Key,
            ScopeResource = instance.ScopeResource?.Key,
            Condition = instance.Condition,
            DependsOn = [.. needs.Keys.Where(k => k != instance.Key)],
        };
        module.DoneResources.Add(resource);
        SecretFlow.Check(resource, _evaluator);
    }

    private void RunModule(ModuleInstance module, Declaration.Module declaration)
    {
        foreach (var call in Calls(module, declaration))
        {
            if (!call.IsDeployed) continue;
            Guarded(() =>
            {
                var (_, _, body) = Declaration.BodyOf(declaration.Value);
                if (body?.Find("dependsOn") is { } first) _evaluator.Touching(call.Needs, () => _evaluator.Evaluate(first.Value, call.Frame));
                if (InstanceOf(module, call) is not { } instance) return;
                Run(instance);
                if (Evaluator.SecretIn(call.Name) is { } secret) _evaluator.Report(call.Declaration.NameWhere, "secret-in-name", $"A secret ({secret}) is part of the name of module '{call.Path}'.");
                module.DoneModules.Add(new ResolvedModule(declaration.Name, call.Path, instance.File.Path, (call.Name as BicepString)?.Value, instance.Scope.Text, call.Parameters, declaration.NameWhere)
                {
                    Outputs = instance.Outputs,
                    Condition = call.Condition,
                    DependsOn = [.. call.Needs.Keys.Where(k => k != "module:" + call.Path)],
                });
                module.DoneModules.AddRange(instance.DoneModules);
                module.DoneResources.AddRange(instance.DoneResources);
            });
        }
    }

    private void RunOutput(ModuleInstance module, Declaration.Output output)
    {
        var value = _evaluator.Plain(_evaluator.Evaluate(output.Value, module.Root));
        var type = module.File.Types.Of(output);
        ValueCheck.Check(value, type, $"Output '{output.Name}'", (where, rule, message) => _evaluator.Report(output.Value.Where, rule, message));
        if (!type.IsSecure && Evaluator.SecretIn(value) is { } secret)
        {
            _evaluator.Report(output.NameWhere, "outputs-should-not-contain-secrets", $"Output '{output.Name}' holds a secret ({secret}): outputs are kept in the deployment's history for everyone who may read it.");
        }
        module.Outputs.Add(new ResolvedOutput(output.Name, module.File.Source.Text.Substring(output.Type.Where.Offset, Math.Min(output.Type.Where.Length, 200)), value, type.IsSecure, module.Path, output.NameWhere));
    }
}
