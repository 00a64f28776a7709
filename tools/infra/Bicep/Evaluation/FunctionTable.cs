using Dapr.Voice.Infra.Bicep.Checking;

namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>Every function the reader knows. One that Bicep has and we do not is in <see cref="NotSupported"/>, so that it is never called unknown.</summary>
internal static class FunctionTable
{
    /// <summary>Functions of the language that this reader can't evaluate.</summary>
    public static readonly IReadOnlySet<string> NotSupported = new HashSet<string>
    {
        "pickZones", "toLogicalZone", "toLogicalZones", "toPhysicalZone", "toPhysicalZones", "providers", "parseUri", "buildUri", "loadDirectoryFileInfo", "loadYamlContent",
        "externalInput", "inlineSecret", "readCliArg", "readEnvironmentVariable", "deployer", "fail", "this", "parseCidr", "cidrHost", "dateTimeAdd", "dateTimeFromEpoch", "dateTimeToEpoch", "sort", "reference",
    };

    private static readonly Dictionary<string, Function> Functions = new[] { TextFunctions.All, ListFunctions.All, ObjectFunctions.All, AzureFunctions.All }.SelectMany(f => f).ToDictionary(f => f.Name);

    public static Function? Find(string name) => Functions.GetValueOrDefault(name);

    public static IEnumerable<string> Names => Functions.Keys;

    public static Function Make(string name, BicepType result, BicepType[] parameters, Func<FunctionCall, BicepValue> evaluate, int? required = null, bool variadic = false, bool seesRuntime = false, string space = "sys")
        => new(space, name, parameters, required ?? parameters.Length, variadic, _ => result, evaluate, seesRuntime);

    public static Function Make(string name, Func<IReadOnlyList<BicepType>, BicepType> result, BicepType[] parameters, Func<FunctionCall, BicepValue> evaluate, int? required = null, bool variadic = false, bool seesRuntime = false, string space = "sys")
        => new(space, name, parameters, required ?? parameters.Length, variadic, result, evaluate, seesRuntime);
}
