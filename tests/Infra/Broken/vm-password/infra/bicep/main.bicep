param location string = resourceGroup().location


resource machines 'Microsoft.Compute/virtualMachineScaleSets@2025-04-01' = {
  name: 'vmss'
  location: location
  sku: { name: 'Standard_B2als_v2', capacity: 1 }
  properties: {
    orchestrationMode: 'Flexible'
    platformFaultDomainCount: 1
    virtualMachineProfile: {
      osProfile: {
        computerNamePrefix: 'relay'
        adminUsername: 'voice'
        linuxConfiguration: { disablePasswordAuthentication: false } // expect: vm-password
      }
    }
  }
}
