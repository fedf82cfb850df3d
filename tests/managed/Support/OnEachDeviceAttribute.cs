using System.Reflection;
using Xunit.Sdk;

namespace OpposingSignals.Tests.Support;

/// <summary>
/// A case of a theory once per device of <see cref="TestDevices"/>, whose name is the first argument.
/// </summary>
/// <param name="arguments">The others.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class OnEachDeviceAttribute(params object[] arguments) : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) =>
        TestDevices.Names.Select(name => (object[])[name, .. arguments]);
}
