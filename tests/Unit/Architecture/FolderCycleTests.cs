using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Architecture;

/// <summary>
/// The folders of one project form no cycle (docs/style.md). The graph is read from the compiled assembly: each namespace is a node,
/// and each type in the root namespace is a node of its own, so that a folder and the options of its service may not use each other either.
/// </summary>
public sealed class FolderCycleTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static
        | BindingFlags.DeclaredOnly;

    private static readonly OpCode[] OneByteCodes = new OpCode[256], TwoByteCodes = new OpCode[256];

    static FolderCycleTests()
    {
        foreach (FieldInfo field in typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            var code = (OpCode)field.GetValue(null)!;
            (code.Size == 1 ? OneByteCodes : TwoByteCodes)[code.Value & 0xFF] = code;
        }
    }

    /// <summary>Every assembly of the product that the unit tests reference.</summary>
    public static TheoryData<string> Assemblies() => [.. Names()];

    private static IEnumerable<string> Names()
        => Directory.GetFiles(AppContext.BaseDirectory, "Dapr.Voice.*.dll").Select(f => Path.GetFileNameWithoutExtension(f))
        .Where(IsProduct).Order(StringComparer.Ordinal);

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Folders_OfOneProject_FormNoCycle(string assembly)
    {
        Dictionary<string, Dictionary<string, string>> graph = Graph(Assembly.Load(assembly));
        // As text, so that a failure shows every line.
        string cycles = string.Join(Environment.NewLine, Cycles(graph));
        Assert.True(cycles.Length == 0, cycles);
    }

    /// <summary>The folders of all services, tools and samples that are projects.</summary>
    public static TheoryData<string> Programs()
        => [.. new[] { "services", "tools", "samples" }.SelectMany(parent => Directory.GetDirectories(Path.Combine(Root(), parent)))
        .Where(folder => Directory.GetFiles(folder, "*.csproj").Length > 0)
        .Select(folder => Path.GetRelativePath(Root(), folder)).Order(StringComparer.Ordinal)];

    /// <summary>A new project is covered as soon as this project references it.</summary>
    [Theory]
    [MemberData(nameof(Programs))]
    public void Program_OfTheRepository_IsAmongTheAssemblies(string program)
        => Assert.Contains(AssemblyOf(program), Names());

    [Theory]
    [MemberData(nameof(Programs))]
    public void File_InAFolderOfAProgram_HasTheNamespaceOfItsFolder(string program)
    {
        string folder = Path.Combine(Root(), program);
        foreach (string file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        {
            string[] path = Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar);
            if (path[0] is "obj" or "bin" || path[^1] == "Program.cs") continue;
            string expected = string.Join('.', [$"namespace {AssemblyOf(program)}", .. path[..^1]]) + ";";
            Assert.True(File.ReadLines(file).Contains(expected), $"{file} does not say '{expected}'");
        }
    }

    [Fact]
    public void Cycles_OfFoldersThatUseEachOther_AreFound()
    {
        var graph = new Dictionary<string, Dictionary<string, string>>
        {
            ["A/"] = new() { ["B/"] = "One uses Two" },
            ["B/"] = new() { ["Options"] = "Two uses Options" },
            ["Options"] = new() { ["B/"] = "Options uses Two", ["Limits"] = "Options uses Limits" },
            ["Limits"] = new() { ["Options"] = "Limits uses Options" },
        };
        Assert.Equal(["B/ -> Options: Two uses Options", "Options -> B/: Options uses Two"], Cycles(graph));
    }

    [Fact]
    public void Graph_OfThisAssembly_ShowsWhatAMethodBodyUses()
        => Assert.Contains("TestKit", Graph(typeof(FolderCycleTests).Assembly, "Dapr.Voice.").Values.SelectMany(edges => edges.Keys));

    private static string Root([CallerFilePath] string path = "")
        => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));

    private static string AssemblyOf(string program)
        => Path.GetFileNameWithoutExtension(Directory.GetFiles(Path.Combine(Root(), program), "*.csproj").Single());

    private static bool IsProduct(string assembly) => !assembly.Contains("Test", StringComparison.Ordinal);

    /// <summary>From each node to each node that it uses, with an example.</summary>
    private static Dictionary<string, Dictionary<string, string>> Graph(Assembly assembly, string? prefix = null)
    {
        string root = assembly.GetName().Name!;
        var graph = new Dictionary<string, Dictionary<string, string>>();
        foreach (Type type in assembly.GetTypes())
        {
            if (NodeOf(type) is not { } from) continue;
            foreach (Type used in Used(type).SelectMany(Parts))
            {
                if (NodeOf(used) is not { } to || to == from) continue;
                if (!graph.TryGetValue(from, out Dictionary<string, string>? edges)) graph[from] = edges = [];
                edges.TryAdd(to, $"{Outer(type).Name} uses {Outer(used).Name}");
            }
        }
        return graph;

        string? NodeOf(Type type)
        {
            Type outer = Outer(type);
            if (outer.Namespace is not { } name) return null;
            if (prefix is not null) return name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : null;
            if (outer.Assembly != assembly) return null;
            return name == root ? outer.Name : name.StartsWith(root + ".", StringComparison.Ordinal)
                ? name[(root.Length + 1)..].Split('.')[0] + "/" : null;
        }
    }

    private static Type Outer(Type type)
    {
        while (type.DeclaringType is { } declaring) type = declaring;
        return type;
    }

    private static IEnumerable<Type> Parts(Type type)
    {
        while (type.HasElementType) type = type.GetElementType()!;
        if (type.IsGenericParameter) return [];
        return type.IsGenericType ? [type.GetGenericTypeDefinition(), .. type.GetGenericArguments().SelectMany(Parts)] : [type];
    }

    private static IEnumerable<Type> Used(Type type)
    {
        if (type.BaseType is { } baseType) yield return baseType;
        foreach (Type implemented in type.GetInterfaces()) yield return implemented;
        foreach (Type argument in type.CustomAttributes.SelectMany(a => a.ConstructorArguments).Select(a => a.Value).OfType<Type>())
            yield return argument;
        foreach (FieldInfo field in type.GetFields(Declared)) yield return field.FieldType;
        foreach (MethodBase method in type.GetMethods(Declared).Concat<MethodBase>(type.GetConstructors(Declared)))
        {
            if (method is MethodInfo { ReturnType: var returned }) yield return returned;
            foreach (ParameterInfo parameter in method.GetParameters()) yield return parameter.ParameterType;
            if (method.GetMethodBody() is not { } body) continue;
            foreach (LocalVariableInfo local in body.LocalVariables) yield return local.LocalType;
            foreach (Type used in UsedInBody(method, body.GetILAsByteArray()!)) yield return used;
        }
    }

    private static IEnumerable<Type> UsedInBody(MethodBase method, byte[] il)
    {
        Type[] typeArguments = method.DeclaringType!.GetGenericArguments();
        Type[] methodArguments = method is MethodInfo { IsGenericMethodDefinition: true } ? method.GetGenericArguments() : [];
        for (int at = 0; at < il.Length;)
        {
            OpCode code = il[at] == 0xFE ? TwoByteCodes[il[at + 1]] : OneByteCodes[il[at]];
            at += code.Size;
            if (code.OperandType is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok)
            {
                MemberInfo member = method.Module.ResolveMember(BitConverter.ToInt32(il, at), typeArguments, methodArguments)!;
                if (member is Type type) yield return type;
                if (member.DeclaringType is { } declaring) yield return declaring;
                if (member is MethodInfo { IsGenericMethod: true } generic) foreach (Type argument in generic.GetGenericArguments())
                    yield return argument;
            }
            at += code.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(il, at)),
                _ => 4,
            };
        }
    }

    /// <summary>
    /// The references from or to a folder that are part of a cycle, one line each. Types that share a folder may use each other.
    /// </summary>
    private static IReadOnlyList<string> Cycles(Dictionary<string, Dictionary<string, string>> graph)
        => [.. graph.SelectMany(from => from.Value
            .Where(to => (IsFolder(from.Key) || IsFolder(to.Key)) && Reaches(graph, to.Key, from.Key))
            .Select(to => $"{from.Key} -> {to.Key}: {to.Value}"))];

    private static bool IsFolder(string node) => node.EndsWith('/');

    private static bool Reaches(Dictionary<string, Dictionary<string, string>> graph, string from, string to)
    {
        var seen = new HashSet<string>();
        var next = new Stack<string>([from]);
        while (next.TryPop(out string? node))
        {
            if (node == to) return true;
            if (seen.Add(node) && graph.TryGetValue(node, out Dictionary<string, string>? edges)) foreach (string edge in edges.Keys)
                next.Push(edge);
        }
        return false;
    }
}
