using Dapr.Voice.Infra;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Bicep;

/// <summary>What must be said of broken text, and that nothing else is.</summary>
public sealed class CheckTests
{
    private const string Vault = "resource kv 'Microsoft.KeyVault/vaults@2025-05-01' existing = {\n  name: 'kv'\n}\n";

    private const string Account = "resource st 'Microsoft.Storage/storageAccounts@2025-06-01' = {\n  name: 'st'\n  location: 'x'\n}\n";

    private const string Module = "param name string\nparam count int = 1\nparam edge 'tcp' | 'udp' = 'tcp'\n@secure()\nparam key string = ''\noutput out string = '${name}${count}${edge}${empty(key)}'\n";

    [Theory]
    [InlineData("output o string = missing\n", "BCP057")]
    [InlineData("output o string = toLowr('a')\n", "BCP057")]
    [InlineData("output o string = sys.resourceGroup().id\n", "BCP107")]
    [InlineData("var a = 1\nvar a = 2\noutput o int = a\n", "BCP028")]
    [InlineData("output o int = 1\noutput o int = 2\n", "BCP145")]
    [InlineData("param p string = ''\n", "no-unused-params")]
    [InlineData("var v = 1\n", "no-unused-vars")]
    [InlineData(Vault, "no-unused-existing-resources")]
    [InlineData("output o string = toLower()\n", "BCP071")]
    [InlineData("output o string = toLower(1)\n", "BCP070")]
    [InlineData("output o int = 'a'\n", "BCP033")]
    [InlineData("output o int = 'a' + 1\n", "BCP045")]
    [InlineData("output o bool = !1\n", "BCP044")]
    [InlineData("output o int = 1 ? 2 : 3\n", "BCP046")]
    [InlineData("@allowed(['a'])\nparam p string = 'b'\noutput o string = p\n", "BCP036")]
    [InlineData("@minValue(3)\nparam p int = 2\noutput o int = p\n", "BCP033")]
    [InlineData("@minLength(3)\nparam p string = 'ab'\noutput o string = p\n", "BCP033")]
    [InlineData("@minLength(3)\nparam p int = 2\noutput o int = p\n", "BCP124")]
    [InlineData("@secure()\nvar v = 1\noutput o int = v\n", "BCP124")]
    [InlineData("@descripton('x')\nparam p int = 2\noutput o int = p\n", "BCP057")]
    [InlineData("@secure()\nparam p string = 'abc'\n@secure()\noutput o string = p\n", "secure-parameter-default")]
    [InlineData("param p strin\noutput o string = p\n", "BCP302")]
    [InlineData("type t = { a: int }\nparam p t = { b: 1 }\noutput o object = p\n", "BCP035")]
    [InlineData("type t = { a: int }\nparam p t = { a: 1, b: 1 }\noutput o object = p\n", "BCP037")]
    [InlineData("var a = b\nvar b = a\noutput o object = any(a)\n", "BCP080")]
    [InlineData("var a = a\n", "BCP079")]
    [InlineData("var m = { a: 1 }\noutput o int = m.b\n", "BCP053")]
    [InlineData("var m = { a: 1, a: 2 }\noutput o object = m\n", "BCP025")]
    [InlineData("output o string = newGuid()\n", "BCP065")]
    [InlineData("param a string = b\nvar b = ''\noutput o string = '${a}${b}x'\n", "BCP072")]
    [InlineData("output o object = map(1, x => x)\n", "BCP070")]
    [InlineData("var x = { a: [for i in range(0, 2): i] }\noutput o object = x\n", "BCP138")]
    [InlineData(Account + "resource c 'Microsoft.Storage/storageAccounts@2025-06-01' = {\n  name: st.properties.primaryLocation\n}\n", "BCP120")]
    [InlineData(Account + "var v = st.properties.x\nresource c 'Microsoft.Storage/storageAccounts@2025-06-01' = if (v == 'a') {\n  name: 'c'\n}\n", "BCP120")]
    [InlineData(Account + "resource c 'Microsoft.Storage/storageAccounts@2025-06-01' = [for x in st.properties.x: {\n  name: x\n}]\n", "BCP178")]
    [InlineData("targetScope = 'subscription'\n" + Account, "BCP135")]
    [InlineData("resource g 'Microsoft.Resources/resourceGroups@2024-11-01' = {\n  name: 'g'\n  location: 'x'\n}\n", "BCP135")]
    [InlineData("targetScope = 'subscription'\noutput o string = resourceGroup().id\n", "BCP071")]
    [InlineData("targetScope = 'planet'\n", "BCP033")]
    [InlineData("resource x 'nonsense' = {\n  name: 'a'\n}\n", "BCP029")]
    [InlineData("resource x 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {\n  name: 'a'\n}\n", "BCP169")]
    [InlineData("resource x 'Microsoft.Storage/storageAccounts@2025-06-01' = {\n  location: 'a'\n}\n", "BCP035")]
    [InlineData(Account + "resource y 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = {\n  parent: st\n  name: 'a'\n}\n", "BCP036")]
    [InlineData(Account + "output o string = st.propertis.x\n", "BCP053")]
    [InlineData(Vault + "output o string = kv.getSecret('a')\n", "BCP180")]
    [InlineData(Account + "resource y 'Microsoft.KeyVault/vaults@2025-05-01' = {\n  name: 'a'\n  properties: { x: st.id }\n  dependsOn: [st]\n}\n", "no-unnecessary-dependson")]
    [InlineData("resource l 'Microsoft.Storage/storageAccounts@2025-06-01' = [for i in range(0, 2): {\n  name: 'a${i}'\n}]\noutput o string = l.id\n", "BCP144")]
    [InlineData("param on bool = true\nresource l 'Microsoft.Storage/storageAccounts@2025-06-01' = if (on) {\n  name: 'a'\n}\noutput o string = l.properties.x\n", "BCP318")]
    [InlineData("param a string = 'x'\noutput o string = '${a}'\n", "simplify-interpolation")]
    [InlineData("output o string = 'https://management.azure.com/'\n", "no-hardcoded-env-urls")]
    [InlineData("var v = { 'plain': 1 }\noutput o object = v\n", "prefer-unquoted-property-names")]
    [InlineData("output o object = pickZones('a', 'b', 'c')\n", "not-supported")]
    [InlineData("assert x = true\n", "not-supported")]
    [InlineData("module m 'br:registry/x:1' = {\n  name: 'm'\n}\n", "not-supported")]
    [InlineData("module m 'nowhere.bicep' = {\n  name: 'm'\n}\n", "BCP091")]
    [InlineData("module m 'main.bicep' = {\n  name: 'm'\n}\n", "BCP095")]
    [InlineData("module m 'm.bicep' = {\n  name: 'm'\n}\n", "BCP035")]
    [InlineData("module m 'm.bicep' = {\n  name: 'm'\n  params: { count: 1 }\n}\n", "BCP035")]
    [InlineData("module m 'm.bicep' = {\n  name: 'm'\n  params: { name: 'a', nme: 'b' }\n}\n", "BCP037")]
    [InlineData("module m 'm.bicep' = {\n  name: 'm'\n  params: { name: 1 }\n}\n", "BCP033")]
    [InlineData("module m 'm.bicep' = {\n  name: 'm'\n  params: { name: 'a', edge: 'x' }\n}\n", "BCP036")]
    [InlineData("module m 'm.bicep' = {\n  name: 'm'\n  params: { name: 'a' }\n}\noutput o string = m.outputs.ut\n", "BCP053")]
    [InlineData("module m 'm.bicep' = {\n  params: { name: 'a' }\n}\nmodule n 'm.bicep' = {\n  name: m.outputs.out\n  params: { name: 'a' }\n}\n", "BCP120")]
    [InlineData("targetScope = 'subscription'\nmodule m 'm.bicep' = {\n  name: 'm'\n  params: { name: 'a' }\n}\n", "BCP134")]
    // syntax
    [InlineData("output o string = 'open\n", "BCP004")]
    [InlineData("output o string = \"a\"\n", "BCP103")]
    [InlineData("output o string = 'a\\q'\n", "BCP006")]
    [InlineData("output o string = '''open\n", "BCP140")]
    [InlineData("/* open", "BCP002")]
    [InlineData("output o int = 99999999999999999999\n", "BCP010")]
    [InlineData("var v = [1, 2,\n3]\noutput o array = v\n", "BCP238")]
    [InlineData("var v = { a: 1 b: 2 }\noutput o object = v\n", "BCP236")]
    [InlineData("parm x string\n", "BCP007")]
    [InlineData("param x\n", "BCP014")]
    [InlineData("var v = 1 +\n  2\noutput o int = v\n", "BCP009")]
    public void Program_Broken_IsTold(string text, string rule) => Assert.Contains(rule, Snippet.Rules(text, ("m.bicep", Module)));

    [Fact]
    public void Program_GoodModule_IsTheOneWithoutFindings()
        => Assert.Empty(Snippet.Rules("module m 'm.bicep' = {\n  name: 'm'\n  params: {\n    name: 'a'\n    edge: 'udp'\n  }\n}\noutput o string = m.outputs.out\n", ("m.bicep", Module)));

    [Fact]
    public void Syntax_SeveralErrors_AreAllTold()
    {
        var findings = Snippet.Program("var a = {\n  x: )\n  y: ]]\n}\nparam = 3\noutput o string = 'a\nvar z = 1\noutput q int = z\n").Findings;
        Assert.True(findings.Count(f => f.Severity == Severity.Error) >= 4, string.Join("\n", findings));
        Assert.DoesNotContain(findings, f => f.Rule == "no-unused-vars" && f.Message.Contains("'z'"));
    }

    [Fact]
    public void Finding_HasFileLineAndColumn()
    {
        var finding = Assert.Single(Snippet.Program("var a = 1\noutput o int = a + b\n").Findings);
        Assert.Equal(("main.bicep", 2, 20), (finding.File, finding.Line, finding.Column));
    }

    [Fact]
    public void Suppression_HidesWarningsOnly()
    {
        Assert.Empty(Snippet.Rules("#disable-next-line no-unused-params\nparam p string = ''\n"));
        Assert.Contains("BCP057", Snippet.Rules("#disable-next-line BCP057\noutput o string = nope\n"));
    }

    [Theory]
    [InlineData("output o string = p\n", "outputs-should-not-contain-secrets")]
    [InlineData("output o object = { a: ['x${p}'] }\n", "outputs-should-not-contain-secrets")]
    [InlineData("resource st 'Microsoft.Storage/storageAccounts@2025-06-01' = {\n  name: p\n}\n", "secret-in-name")]
    [InlineData("module m 'm.bicep' = {\n  name: 'm'\n  params: { name: p }\n}\n", "secret-in-parameter")]
    [InlineData("resource a 'Microsoft.App/containerApps@2026-01-01' = {\n  name: 'a'\n  properties: { template: { containers: [{ env: [{ name: 'K', value: p }] }] } }\n}\n", "secret-in-plain-sight")]
    [InlineData("resource s 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {\n  name: 's'\n}\noutput o string = '${s.listKeys().keys[0].value}${empty(p)}'\n", "outputs-should-not-contain-secrets")]
    public void Secret_WhereItCanBeRead_IsTold(string text, string rule)
    {
        var deployment = Snippet.Deploy("@secure()\nparam p string\n" + text, new Dictionary<string, object?> { ["p"] = "hush" }, ("m.bicep", Module));
        Assert.Contains(deployment.Findings, f => f.Rule == rule);
    }

    [Fact]
    public void Secret_WhereItBelongs_IsQuiet()
    {
        var deployment = Snippet.Deploy(
            "@secure()\nparam p string\nmodule m 'm.bicep' = {\n  name: 'm'\n  params: { name: 'a', key: p }\n}\n@secure()\noutput o string = p\nresource a 'Microsoft.App/containerApps@2026-01-01' = {\n  name: 'a'\n  properties: { configuration: { secrets: [{ name: 'k', value: p }] } }\n}\n",
            new Dictionary<string, object?> { ["p"] = "hush" }, ("m.bicep", Module));
        // The module's own output tells whether its key is empty: made from a secret, but no secret.
        Assert.DoesNotContain(deployment.Findings, f => f.Rule is "secret-in-parameter" or "secret-in-plain-sight");
        Assert.True(deployment.Outputs[0].Value.IsSecret);
    }
}
