using Xunit;

namespace Dapr.Voice.Tests.Infra.Bicep;

/// <summary>Values of expressions, as Bicep and Azure Resource Manager give them.</summary>
public sealed class ExpressionTests
{
    [Theory]
    [InlineData("1 + 2 * 3 - 4 / 2", "5")]
    [InlineData("(1 + 2) * 3", "9")]
    [InlineData("7 % 3", "1")]
    [InlineData("-3 + 1", "-2")]
    [InlineData("-9223372036854775808", "-9223372036854775808")]
    [InlineData("10 - 3 - 2", "5")]
    [InlineData("1 < 2 && 'a' < 'b'", "true")]
    [InlineData("true || false && false", "true")]
    [InlineData("!true == false", "true")]
    [InlineData("'A' == 'a'", "false")]
    [InlineData("'A' =~ 'a'", "true")]
    [InlineData("'A' !~ 'a'", "false")]
    [InlineData("[1, 2] == [1, 2]", "true")]
    [InlineData("{ a: 1 } != { a: 2 }", "true")]
    [InlineData("true ? 'a' : 'b'", "\"a\"")]
    [InlineData("false ? 1 : true ? 2 : 3", "2")]
    [InlineData("null ?? 'x'", "\"x\"")]
    [InlineData("null ?? null ?? 2", "2")]
    [InlineData("{ a: null }.a ?? 1 + 1", "2")]
    [InlineData("{ a: 1 }.?b ?? 'none'", "\"none\"")]
    [InlineData("{ a: 1 }.?b.c.d ?? 'none'", "\"none\"")]
    [InlineData("{ a: { b: 2 } }.?a.b", "2")]
    [InlineData("[1, 2][?5] ?? 0", "0")]
    [InlineData("[1, 2, 3][^1]", "3")]
    [InlineData("{ 'a-b': 1 }['a-b']", "1")]
    [InlineData("{ a: 1 }!.a", "1")]
    public void Operators(string expression, string json) => Assert.Equal(json, Snippet.Value(expression));

    [Theory]
    [InlineData(@"'it\'s'", "it's")]
    [InlineData(@"'a\\b\n\t\r'", "a\\b\n\t\r")]
    [InlineData(@"'\u{1F600}'", "😀")]
    [InlineData(@"'\${x}'", "${x}")]
    [InlineData("'$x $'", "$x $")]
    [InlineData("'${1}-${'a'}-${'${2}'}'", "1-a-2")]
    [InlineData("'${true}'", "True")]
    [InlineData("'''a\\n${x}'''", "a\\n${x}")]
    [InlineData("'''\nfirst\nsecond\n'''", "first\nsecond\n")]
    [InlineData("'''it's'''", "it's")]
    [InlineData("'''a''''", "a'")]
    [InlineData("''", "")]
    public void Strings(string expression, string text)
    {
        var deployment = Snippet.Deploy($"output o string = {expression}\n");
        Assert.Equal(text, Assert.IsType<Dapr.Voice.Infra.Bicep.BicepString>(deployment.Outputs[0].Value).Value);
    }

    [Theory]
    [InlineData("format('{0}/{1:D3}', 'a', 7)", "\"a/007\"")]
    [InlineData("toLower('ABC')", "\"abc\"")]
    [InlineData("replace('a-b-c', '-', '')", "\"abc\"")]
    [InlineData("take('abc', 2)", "\"ab\"")]
    [InlineData("take('a', 5)", "\"a\"")]
    [InlineData("skip([1, 2, 3], 1)", "[2,3]")]
    [InlineData("padLeft(7, 2, '0')", "\"07\"")]
    [InlineData("split('a,b;c', [',', ';'])", "[\"a\",\"b\",\"c\"]")]
    [InlineData("join(['a', 'b'], '-')", "\"a-b\"")]
    [InlineData("indexOf('hello', 'L')", "2")]
    [InlineData("substring('hello', 1, 3)", "\"ell\"")]
    [InlineData("string(5)", "\"5\"")]
    [InlineData("string({ a: [1, 'x'] })", "\"{\\\"a\\\":[1,\\\"x\\\"]}\"")]
    [InlineData("int('42')", "42")]
    [InlineData("bool('true')", "true")]
    [InlineData("json('{\"a\": [1, 0.5, null]}')", "{\"a\":[1,0.5,null]}")]
    [InlineData("base64('abc')", "\"YWJj\"")]
    [InlineData("range(2, 3)", "[2,3,4]")]
    [InlineData("length('abc') + length([1]) + length({ a: 1, b: 2 })", "6")]
    [InlineData("map(range(0, 3), i => i * i)", "[0,1,4]")]
    [InlineData("map(['a', 'b'], (x, i) => '${x}${i}')", "[\"a0\",\"b1\"]")]
    [InlineData("filter([1, 2, 3, 4], x => x % 2 == 0)", "[2,4]")]
    [InlineData("reduce([1, 2, 3], 0, (a, b) => a + b)", "6")]
    [InlineData("flatten([[1], [2, 3]])", "[1,2,3]")]
    [InlineData("concat([1], [1, 2])", "[1,1,2]")]
    [InlineData("union([1, 2], [2, 3])", "[1,2,3]")]
    [InlineData("union({ a: 1, n: { x: 1, l: [1] } }, { b: 2, n: { y: 2, l: [2] } })", "{\"a\":1,\"n\":{\"x\":1,\"l\":[2],\"y\":2},\"b\":2}")]
    [InlineData("intersection([1, 2, 3], [2, 3, 4])", "[2,3]")]
    [InlineData("empty('') && empty([]) && empty({}) && empty(null)", "true")]
    [InlineData("contains(['a'], 'a') && contains('abc', 'b') && contains({ k: 1 }, 'K')", "true")]
    [InlineData("first([3, 4]) + last([3, 4])", "7")]
    [InlineData("items({ b: 1, a: 2 })", "[{\"key\":\"a\",\"value\":2},{\"key\":\"b\",\"value\":1}]")]
    [InlineData("toObject([{ n: 'a', v: 1 }], x => x.n, x => x.v)", "{\"a\":1}")]
    [InlineData("min(3, 1) + max([4, 9])", "10")]
    [InlineData("objectKeys({ b: 1, a: 1 })", "[\"a\",\"b\"]")]
    [InlineData("cidrSubnet('10.1.0.0/16', 24, 2)", "\"10.1.2.0/24\"")]
    [InlineData("sys.toUpper('a')", "\"A\"")]
    [InlineData("[...[1, 2], 3]", "[1,2,3]")]
    [InlineData("{ ...{ a: 1, b: 1 }, b: 2 }", "{\"a\":1,\"b\":2}")]
    [InlineData("environment().suffixes.storage", "\"core.windows.net\"")]
    [InlineData("subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'x')", "\"/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Authorization/roleDefinitions/x\"")]
    public void Functions(string expression, string json) => Assert.Equal(json, Snippet.Value(expression));

    [Fact]
    public void UniqueString_SameArguments_SameThirteenCharacters()
    {
        Assert.Equal("true", Snippet.Value("uniqueString('a', 'b') == uniqueString('a', 'b') && uniqueString('a') != uniqueString('b') && length(uniqueString('a')) == 13"));
        Assert.Equal("36", Snippet.Value("length(guid('a'))"));
    }

    [Fact]
    public void Loops_OfVariablesWithIndexAndFunctions()
    {
        Assert.Equal("[\"a0\",\"b1\"]", Snippet.Value("v", "var v = [for (x, i) in ['a', 'b']: '${x}${i}']"));
        Assert.Equal("[[0,1],[0,1]]", Snippet.Value("map(range(0, 2), i => map(range(0, 2), j => j))"));
        Assert.Equal("\"x-7\"", Snippet.Value("label('x', 7)", "func label(a string, n int) string => '${a}-${n}'"));
    }

    [Fact]
    public void Parameters_OfEveryKind_ReachTheirType()
    {
        var values = new Dictionary<string, object?> { ["b"] = "true", ["n"] = "5", ["l"] = new object?[] { 1, "x" }, ["m"] = new Dictionary<string, object?> { ["k"] = null } };
        var deployment = Snippet.Deploy("param b bool\nparam n int\nparam l array\nparam m object\nparam s string?\noutput o array = [b, n, l, m, s]\n", values);
        Assert.Empty(deployment.Findings);
        Assert.Equal("[true,5,[1,\"x\"],{\"k\":null},null]", deployment.Outputs[0].Value.ToString());
    }
}
